#include "core/server/node.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "core/base/random.h"
#include "core/match/own_matching.h"
#include "core/match/shared_matching.h"
#include "core/room/own_rooms.h"
#include "core/room/shared_rooms.h"

// The one place where the parts of a server process are put together, on the main thread. In: the
// configuration, at the start and at each reload. Out: its keys as bounds of requests and limits of
// connections, and which store of rooms and which matching the broker calls for.
namespace peer {
namespace {

Bounds bounds_of(const Config& config) {
  Bounds bounds;
  bounds.name = config.max_name_length;
  bounds.alias = config.max_alias_length;
  bounds.app_type = config.max_app_type_length;
  bounds.public_key = config.max_public_key_length;
  bounds.meta = config.max_meta_size;
  bounds.join_meta = config.max_join_meta_size;
  bounds.criteria = config.max_criteria_size;
  bounds.exclude = config.max_exclude;
  bounds.discover_limit = config.discover_limit_max;
  bounds.match_group = config.match_group_max;
  return bounds;
}

AdmissionLimits admission_limits_of(const Config& config) {
  AdmissionLimits limits;
  limits.max_connections_per_ip = config.max_connections_per_ip;
  limits.connection_rate_per_ip = config.connection_rate_per_ip;
  limits.connection_burst_per_ip = config.connection_burst_per_ip;
  limits.max_unregistered = config.max_unregistered;
  limits.max_unregistered_per_ip = config.max_unregistered_per_ip;
  limits.exempt_loopback = config.exempt_loopback;
  for (const std::string& text : config.trusted_proxies) {
    if (const auto range = parse_address_range(text)) limits.proxies.proxies.push_back(*range);
  }
  limits.proxies.header = config.trusted_proxy_header;
  return limits;
}

std::vector<AuthEntry> auth_entries(const std::vector<LoadedPlugin<sdk::Auth>>& auths) {
  std::vector<AuthEntry> entries;
  entries.reserve(auths.size());
  for (const LoadedPlugin<sdk::Auth>& auth : auths) {
    entries.push_back({*auth, auth.calls(), auth.record->revision, traits_of(auth)});
  }
  return entries;
}

// Of one that was built before it could say so, it may be.
bool may_grant_identities(const AuthEntry& entry) {
  return entry.revision < 2 || entry.traits.identity_prefix.has_value();
}

std::unique_ptr<RoomStore> make_room_store(Node& node) {
  if (node.others.none()) {
    return std::make_unique<OwnRooms>(node.namespaces, OwnRooms::Elsewhere::kNobody, &node.events);
  }
  return std::make_unique<SharedRooms>(node.namespaces, *node.plugins.broker, node.broker_calls,
                                       node.plugins.broker.record->revision);
}

std::unique_ptr<Matching> make_matching(Node& node, std::size_t loop_count) {
  if (node.others.none()) {
    return std::make_unique<OwnMatching>(
        node.strategies, node.namespaces,
        // The loops are added later, but before anything is posted.
        [&node](std::size_t loop, Delivery&& delivery) {
          node.loops[loop]->post(std::move(delivery));
        },
        loop_count);
  }
  return std::make_unique<SharedMatching>(
      SharedMatching::Parts{node.strategies, *node.plugins.broker, node.broker_calls,
                            node.namespaces, node.loops, node.plugins.broker.record->revision},
      loop_count);
}

}  // namespace

Node::Node(const Config& config, LoadedPlugins its_plugins, std::size_t loop_count)
    : settings_({config, bounds_of(config)}),
      node_id(random_hex(8)),
      started(steady_now()),
      started_at(wall_now()),
      plugins(std::move(its_plugins)),
      broker_calls(plugins.broker.calls()),
      strategies(plugins.match_strategies),
      policies(plugins.room_policies),
      auths(auth_entries(plugins.auths)),
      grants_identities(std::any_of(auths.begin(), auths.end(), may_grant_identities)),
      takes_tokens(std::any_of(auths.begin(), auths.end(),
                               [](const AuthEntry& entry) { return entry.traits.takes_tokens; })),
      others(*plugins.broker, plugins.broker.record->revision, broker_calls),
      admission(admission_limits_of(config)),
      peers(config.shard_count, config.max_peers),
      namespaces(config.shard_count, loop_count, peers,
                 [this](std::size_t loop, Delivery&& delivery) {
                   loops[loop]->post(std::move(delivery));
                 }),
      rooms(make_room_store(*this), policies, config.password_queue),
      matching(make_matching(*this, loop_count)),
      left_buckets(config.rate_limit_shards) {
  rooms.use_events(events);
  matching->use_events(events);
  admission.bans().use_most(config.max_bans);
  matching->set_max_message_size(config.max_peer_list_size);
  configured_at = std::chrono::floor<std::chrono::seconds>(started_at).time_since_epoch().count();
  for (std::size_t i = 0; i < plugins.room_policies.size(); ++i) {
    const LoadedPlugin<sdk::RoomPolicy>& policy = plugins.room_policies[i];
    sdk::RoomTraits& traits = room_traits.emplace_back();
    if (policy.record->revision >= 3) {
      policy.calls().run("traits", [&] { policy->traits(traits); });
    }
    policy.calls().run("message_types", [&] {
      // The types are asked for once; two policies may answer the same type, each for its own
      // rooms.
      for (const std::string& type : policy->message_types()) room_message_types[type].push_back(i);
    });
  }
  rooms.use_traits(room_traits);
  rooms.store().use_max_empty_rooms(config.max_empty_rooms);
  lists_rooms = std::any_of(room_traits.begin(), room_traits.end(),
                            [](const sdk::RoomTraits& traits) { return traits.lists_rooms; });
  for (std::size_t i = 0; i < loop_count; ++i) {
    loop_states.push_back(std::make_unique<LoopState>());
    loop_states.back()->kept.set_total(config.resume_total_bytes / loop_count);
  }
}

Node::~Node() = default;

void Node::add_loop(std::unique_ptr<EventLoop> loop) {
  loop_states[loops.size()]->loop = loop.get();
  loop_states[loops.size()]->node = this;
  loops.push_back(std::move(loop));
}

void Node::use_config(const Config& config) {
  settings_.replace({config, bounds_of(config)});
  admission.use_limits(admission_limits_of(config));
  admission.bans().use_most(config.max_bans);
  // A lower limit closes no connection: it counts for those that come later.
  peers.set_max_peers(config.max_peers);
  matching->set_max_message_size(config.max_peer_list_size);
  rooms.passwords().use_queue(config.password_queue);
  rooms.store().use_max_empty_rooms(config.max_empty_rooms);
  for (const auto& state : loop_states) {
    state->loop->post([&kept = state->kept, share = config.resume_total_bytes / loops.size()] {
      kept.set_total(share);
    });
  }
}

std::uint32_t Node::peer_count() const {
  const std::uint32_t all = peers.count();
  const std::uint64_t parked = resumes.parked;
  return all - static_cast<std::uint32_t>(std::min<std::uint64_t>(parked, all));
}

}  // namespace peer
