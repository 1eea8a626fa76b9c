#include "tests/unit/dispatch/test_broker.h"

#include <utility>

#include "tests/plugin/fixtures/shared_store.h"
#include "tests/unit/dispatch/names.h"

namespace peer::test {

TestBroker::TestBroker() : store_(std::make_unique<SharedStore>(0)) {}
TestBroker::~TestBroker() = default;

void TestBroker::set_status(const sdk::BrokerStatus& status) {
  const std::lock_guard lock(mutex_);
  status_ = status;
}

void TestBroker::obey(std::string_view command) {
  store_->obey({}, "\"payload\":\"" + std::string(command) + "\"");
}

std::vector<std::string> TestBroker::told() {
  const std::lock_guard lock(mutex_);
  return told_;
}

void TestBroker::note(std::string line) {
  const std::lock_guard lock(mutex_);
  told_.push_back(std::move(line));
}

void TestBroker::start(sdk::BrokerHost& host) { store_->start(host); }

sdk::BrokerStatus TestBroker::status() const {
  const std::lock_guard lock(mutex_);
  if (status_) return *status_;
  sdk::BrokerStatus status;
  if (standalone_) status.state = sdk::BrokerStatus::State::kStandalone;
  return status;
}

void TestBroker::register_peer(const sdk::Registered& peer, std::string_view,
                               sdk::BrokerReply<sdk::RegisterOutcome> reply) {
  store_->register_peer(peer);
  registrations.take(std::move(reply), [] { return sdk::RegisterOutcome(); });
}

void TestBroker::register_proved(const sdk::Registered& peer, std::string_view alias,
                                 sdk::BrokerReply<sdk::RegisterOutcome> reply) {
  note("proved " + name_of(peer.peer));
  register_peer(peer, alias, std::move(reply));
}

void TestBroker::register_owned(const sdk::Registered& peer, std::string_view alias,
                                const sdk::Fingerprint&,
                                sdk::BrokerReply<sdk::RegisterOutcome> reply) {
  note("owned " + name_of(peer.peer));
  register_peer(peer, alias, std::move(reply));
}

void TestBroker::tell_node(std::string_view node, std::string_view text) {
  note("tell " + std::string(node));
  note_talk(text);
}

void TestBroker::note_talk(std::string_view text) {
  const std::lock_guard lock(mutex_);
  node_talk_.emplace_back(text);
}

std::vector<std::string> TestBroker::node_talk() {
  const std::lock_guard lock(mutex_);
  return node_talk_;
}

void TestBroker::ask_session(const sdk::SessionToken&, std::string_view text,
                             sdk::BrokerReply<sdk::SessionSearch> reply) {
  if (!finds_sessions) return reply(sdk::SessionSearch::kNone);
  note_talk(text);
  reply(sdk::SessionSearch::kAsked);
}

void TestBroker::take_peer(const sdk::PeerTake&, sdk::BrokerReply<sdk::TakeOutcome> reply) {
  takes.take(std::move(reply), [] { return sdk::TakeOutcome(); });
}

void TestBroker::ask_any_node(std::uint64_t, std::string_view,
                              sdk::BrokerReply<sdk::SessionSearch> reply) {
  reply(sdk::SessionSearch::kNone);
}

void TestBroker::park_peer(const sdk::Registered& peer, sdk::BrokerReply<sdk::ParkOutcome> reply) {
  note("park " + name_of(peer.peer));
  parkings.take(std::move(reply), [] { return sdk::ParkOutcome(); });
}

void TestBroker::keep_parked(const sdk::Registered& peer, std::string_view,
                             std::chrono::milliseconds, sdk::BrokerReply<bool> reply) {
  note("keep " + name_of(peer.peer));
  reply(true);
}

void TestBroker::revoke(const sdk::Fingerprint& peer, std::string_view message) {
  note("revoke " + name_of(peer) + ": " + std::string(message));
}

void TestBroker::unregister_peer(const sdk::Registered& peer) {
  note("unregister " + name_of(peer.peer));
}

void TestBroker::resolve(std::span<const std::string_view> aliases,
                         sdk::BrokerReply<sdk::ResolveOutcome> reply) {
  resolutions.take(std::move(reply), [&] { return store_->resolve(aliases); });
}

std::vector<std::string> TestBroker::namespaces_of_latest_route() {
  const std::lock_guard lock(mutex_);
  return route_namespaces_;
}

void TestBroker::route(const sdk::DirectedMessage& message,
                       sdk::BrokerReply<sdk::RouteOutcome> reply) {
  {
    const std::lock_guard lock(mutex_);
    route_namespaces_.assign(message.namespaces.begin(), message.namespaces.end());
  }
  routes.take(std::move(reply), [] { return sdk::RouteOutcome::kNotFound; });
}

std::size_t TestBroker::broadcast(const sdk::NamespaceMessage& message) {
  note("broadcast " + std::string(message.ns) + " " + name_of(message.from));
  return store_->far_members(message.ns, message.exclude);
}

namespace {

std::string kinds_of(sdk::Watches watches) {
  return std::string(watches.meta ? "m" : "") + (watches.presence ? "p" : "");
}

}  // namespace

std::vector<sdk::SessionToken> TestBroker::shared_tokens() {
  const std::lock_guard lock(mutex_);
  return shared_tokens_;
}

void TestBroker::set_session_tokens(const sdk::Registered&,
                                    std::span<const sdk::SessionToken> tokens,
                                    sdk::BrokerReply<bool> reply) {
  {
    const std::lock_guard lock(mutex_);
    shared_tokens_.assign(tokens.begin(), tokens.end());
  }
  session_tokens.take(std::move(reply), [] { return false; });
}

void TestBroker::watch(std::string_view ns, const sdk::Registered& peer, sdk::Watches watches) {
  note("watch " + std::string(ns) + " " + name_of(peer.peer) + " " + kinds_of(watches));
}

void TestBroker::list_away(std::string_view ns, const std::optional<sdk::Fingerprint>& after,
                           std::uint32_t limit,
                           sdk::BrokerReply<std::optional<sdk::MemberPage>> reply) {
  note("list_away " + std::string(ns));
  list(ns, after, limit, std::move(reply));
}

void TestBroker::set_away(const sdk::Registered& peer, bool away,
                          std::span<const sdk::AwayNews> news) {
  std::string line = (away ? "away " : "back ") + name_of(peer.peer);
  for (const sdk::AwayNews& item : news) {
    line.append(" ").append(item.ns);
    for (const sdk::Fingerprint& told : item.told) line += " but " + name_of(told);
  }
  note(std::move(line));
}

std::vector<std::string> TestBroker::updates() {
  const std::lock_guard lock(mutex_);
  return updates_;
}

void TestBroker::tell_update(std::string_view, const sdk::Registered&, std::string_view text,
                             std::span<const sdk::Fingerprint> told) {
  std::string line(text);
  for (const sdk::Fingerprint& knows : told) line += " but " + name_of(knows);
  const std::lock_guard lock(mutex_);
  updates_.push_back(std::move(line));
}

void TestBroker::join(const sdk::JoinRequest& request, sdk::BrokerReply<sdk::JoinOutcome> reply) {
  if (request.watches != sdk::Watches()) {
    note("join " + std::string(request.ns) + " " + name_of(request.peer.peer) + " " +
         kinds_of(request.watches));
  }
  if (request.quiet) note("quiet " + std::string(request.ns) + " " + name_of(request.peer.peer));
  joins.take(std::move(reply), [&] { return store_->join(request); });
}

void TestBroker::leave(std::string_view ns, const sdk::Registered& peer) {
  note("leave " + std::string(ns) + " " + name_of(peer.peer));
  store_->leave(ns, peer);
}

void TestBroker::update(std::string_view ns, const sdk::Registered& peer, std::string_view object) {
  note("update " + std::string(ns) + " " + name_of(peer.peer));
  store_->update(ns, peer, object);
}

void TestBroker::list(std::string_view ns, const std::optional<sdk::Fingerprint>& after,
                      std::uint32_t limit, sdk::BrokerReply<std::optional<sdk::MemberPage>> reply) {
  lists.take(std::move(reply), [&] { return store_->list(ns, after, limit); });
}

void TestBroker::read_room(std::string_view room_id, sdk::BrokerReply<sdk::RoomReading> reply) {
  readings.take(std::move(reply), [&] { return store_->read_room(room_id); });
}

void TestBroker::commit_room(std::string_view room_id, const sdk::RoomCommit& commit,
                             sdk::BrokerReply<sdk::CommitOutcome> reply) {
  commits.take(std::move(reply), [&] { return store_->commit_room(room_id, commit); });
}

void TestBroker::list_rooms(std::uint64_t after, std::uint32_t limit,
                            sdk::BrokerReply<std::optional<sdk::RoomPage>> reply) {
  room_lists.take(std::move(reply), [&] { return store_->list_rooms(after, limit); });
}

bool TestBroker::add_ticket(std::string_view ns, const sdk::SharedTicket& ticket,
                            std::optional<sdk::TicketId> replaces) {
  last_ticket_ = ticket.id;
  // Held, it is told to nobody: not even the store gets it.
  bool shared = true;
  bool answered = false;
  additions.take(
      [&](bool is_shared) {
        shared = is_shared;
        answered = true;
      },
      [] { return true; });
  if (answered && shared) store_->add_ticket(ns, ticket, replaces);
  return shared;
}

void TestBroker::ticket_waits(std::string_view ns, sdk::TicketId) {
  note("ticket_waits " + std::string(ns));
}

void TestBroker::remove_ticket(std::string_view ns, sdk::TicketId ticket,
                               sdk::BrokerReply<sdk::TicketEnd> reply) {
  ticket_ends.take(std::move(reply), [&] { return store_->remove_ticket(ns, ticket); });
}

void TestBroker::claim(std::string_view ns, std::string_view session_id,
                       std::span<const sdk::TicketId> tickets,
                       sdk::BrokerReply<sdk::ClaimOutcome> reply) {
  claims.take(std::move(reply), [&] { return store_->claim(ns, session_id, tickets); });
}

}  // namespace peer::test
