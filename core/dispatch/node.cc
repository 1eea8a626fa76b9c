#include "core/dispatch/node.h"

#include <utility>

#include "core/base/random.h"
#include "core/dispatch/matching.h"

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

std::unique_ptr<RoomStore> make_room_store(Node& node) {
  if (node.others.none()) {
    return std::make_unique<OwnRooms>(node.namespaces, OwnRooms::Others::kNone);
  }
  return std::make_unique<SharedRooms>(node.namespaces, *node.plugins.broker, node.broker_calls);
}

}  // namespace

Node::Node(const Config& config, LoadedPlugins its_plugins, std::size_t loop_count)
    : settings_({config, bounds_of(config)}),
      node_id(random_hex(8)),
      started(steady_now()),
      plugins(std::move(its_plugins)),
      broker_calls(sdk::Broker::kKind, config.plugins.broker.name),
      match_calls(sdk::MatchStrategy::kKind, config.plugins.match_strategy.name),
      room_calls(sdk::RoomPolicy::kKind, config.plugins.room_policy.name),
      auth_calls(sdk::Auth::kKind, config.plugins.auth.name),
      others(*plugins.broker, broker_calls),
      admission(admission_limits_of(config)),
      peers(config.shard_count, config.max_peers),
      namespaces(
          config.shard_count, loop_count, peers,
          [this](std::size_t loop, Delivery delivery) { loops[loop]->post(std::move(delivery)); }),
      rooms(make_room_store(*this), *plugins.room_policy, room_calls),
      matchmaker(
          *plugins.match_strategy, match_calls, namespaces,
          [this](std::size_t loop, Delivery delivery) { loops[loop]->post(std::move(delivery)); }),
      matching(make_matching(others.none())),
      limiter(config.rate_limit_shards) {
  matchmaker.set_max_message_size(config.max_peer_list_size);
  room_calls.run("message_types", [&] {
    for (std::string& type : plugins.room_policy->message_types()) {
      room_message_types.insert(std::move(type));
    }
  });
  for (std::size_t i = 0; i < loop_count; ++i) {
    loop_states.push_back(std::make_unique<LoopState>(*plugins.match_strategy, match_calls));
  }
}

Node::~Node() = default;

void Node::use_config(const Config& config) {
  settings_.replace({config, bounds_of(config)});
  admission.use_limits(admission_limits_of(config));
  peers.set_max_peers(config.max_peers);
  matchmaker.set_max_message_size(config.max_peer_list_size);
}

}  // namespace peer
