#include <algorithm>
#include <memory>
#include <utility>

#include "cluster_node.h"
#include "cluster_view.h"

// Tickets are shared; the node that is chosen for a namespace makes its matches, and a claim takes
// all tickets of a match or none. While Redis is away each node matches its own peers.

namespace peer_redis {

using peer::sdk::ClaimOutcome;
using peer::sdk::Instant;
using peer::sdk::SharedTicket;
using peer::sdk::TicketEnd;
using peer::sdk::TicketId;

namespace {

/// `fp`, `registration`, `enqueued` as texts; nullopt when they are none.
std::optional<SharedTicket> read_ticket(std::string_view id, std::string_view fp,
                                        std::string_view registration, std::string_view enqueued,
                                        std::string_view request) {
  const auto number = to_number<std::uint64_t>(id);
  const auto peer = from_hex(fp);
  const auto registered = to_number<std::uint64_t>(registration);
  const auto since = to_number<std::uint64_t>(enqueued);
  if (!number || !peer || !registered || !since || *since > (std::uint64_t{1} << 53)) {
    return std::nullopt;
  }
  const Instant instant{std::chrono::milliseconds(static_cast<std::int64_t>(*since))};
  return SharedTicket{*number, {*peer, *registered}, instant, std::string(request)};
}

bool is_session(std::string_view id) {
  return id.size() == 32 && id.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

// Of the tickets' hash: fp|node|registration|enqueued|request.
std::optional<ClusterNode::TicketEntry> ClusterNode::read_entry(std::string_view id,
                                                                std::string_view entry) {
  std::string_view parts[4];
  for (std::string_view& part : parts) {
    const auto end = entry.find('|');
    if (end == std::string_view::npos) return std::nullopt;
    part = entry.substr(0, end);
    entry.remove_prefix(end + 1);
  }
  auto ticket = read_ticket(id, parts[0], parts[2], parts[3], entry);
  if (!ticket) return std::nullopt;
  return TicketEntry{std::string(parts[1]), std::move(*ticket)};
}

std::string ClusterNode::matcher_of(std::string_view ns) const {
  return std::string(chosen_node(ns, nodes_));
}

void ClusterNode::add_ticket(const std::string& ns, const SharedTicket& ticket,
                             std::optional<TicketId> replaces) {
  if (replaces) forget_ticket(ns, *replaces);
  tickets_[ns].insert_or_assign(ticket.id, ticket);
  if (connected()) return share_ticket(ns, ticket, replaces, Link::Kind::kState);
  // Shared when this node is connected.
  if (state_ != State::kDegraded) return host_.ticket_waits(ns, ticket.id);
  if (replaces) host_.ticket_removed(ns, *replaces);
  host_.ticket_added(ns, ticket);
}

void ClusterNode::share_ticket(const std::string& ns, const SharedTicket& ticket,
                               std::optional<TicketId> replaces, Link::Kind kind) {
  const std::string since = std::to_string(ticket.enqueued.time_since_epoch().count());
  link_.run(
      Script::kAddTicket,
      {to_hex(ticket.owner.peer), std::to_string(ticket.owner.registration), ns,
       std::to_string(ticket.id), since, ticket.request,
       replaces ? std::to_string(*replaces) : std::string(), matcher_of(ns)},
      [this](const Reply* reply) { give_up_on_error(reply); }, kind);
}

void ClusterNode::share_tickets_of(const Fingerprint& peer) {
  for (const auto& [ns, tickets] : tickets_) {
    for (const auto& [id, ticket] : tickets) {
      if (ticket.owner.peer != peer) continue;
      share_ticket(ns, ticket, std::nullopt, Link::Kind::kOwnTruth);
    }
  }
}

void ClusterNode::share_tickets() {
  for (const auto& [ns, tickets] : tickets_) {
    const bool ours = matcher_of(ns) == node_;
    if (!ours) host_.matching_moved(ns);
    for (const auto& [id, ticket] : tickets) {
      if (ours) matching_[ns].insert_or_assign(id, node_);
      share_ticket(ns, ticket, std::nullopt, Link::Kind::kOwnTruth);
    }
  }
}

void ClusterNode::match_alone() {
  for (const auto& [ns, tickets] : matching_) host_.matching_moved(ns);
  matching_.clear();
  for (const auto& [ns, tickets] : tickets_) {
    for (const auto& [id, ticket] : tickets) host_.ticket_added(ns, ticket);
  }
}

// The nodes have changed, and with them who matches what.
void ClusterNode::take_matching(const std::vector<std::string>& namespaces) {
  for (auto ns = matching_.begin(); ns != matching_.end();) {
    if (matcher_of(ns->first) == node_) {
      ++ns;
    } else {
      host_.matching_moved(ns->first);
      tell_matcher(ns->first);
      ns = matching_.erase(ns);
    }
  }
  for (const std::string& ns : namespaces) {
    if (matcher_of(ns) == node_) fetch_tickets(ns);
  }
  // Sent to a node that was to match them, and may be gone with them.
  for (const auto& [ns, tickets] : tickets_) {
    if (matcher_of(ns) != node_) tell_matcher(ns);
  }
}

// Nodes learn at different times who is there: a ticket may have come to a node that does not make
// the matches any more, or does not yet. Who does fetches it, now or when it learns that it does.
void ClusterNode::tell_matcher(std::string_view ns) {
  const std::string channel = options_.node_channel(matcher_of(ns));
  link_.publish(
      channel, pack({"Q", ns}), [](const Reply*) {}, Link::Kind::kState);
}

bool ClusterNode::take_ticket_hint(const Fields& fields) {
  if (fields.size() != 2) return false;
  if (matcher_of(fields[1]) == node_) fetch_tickets(std::string(fields[1]));
  return true;
}

void ClusterNode::fetch_tickets(const std::string& ns) {
  fetch_page(ns, "0", std::make_shared<std::vector<TicketEntry>>());
}

void ClusterNode::fetch_page(const std::string& ns, const std::string& cursor,
                             std::shared_ptr<std::vector<TicketEntry>> found) {
  link_.run(Script::kTickets, {ns, cursor}, [this, ns, found](const Reply* reply) {
    if (reply == nullptr || matcher_of(ns) != node_) return;
    if (reply->is_error()) return link_.give_up(reply->text());
    const Reply page = (*reply)[1];
    for (std::size_t i = 0; i + 1 < page.size(); i += 2) {
      if (auto entry = read_entry(page[i].text(), page[i + 1].text())) {
        found->push_back(std::move(*entry));
      }
    }
    const std::string next((*reply)[0].text());
    next == "0" ? take_fetched(ns, *found) : fetch_page(ns, next, found);
  });
}

void ClusterNode::take_fetched(const std::string& ns, std::vector<TicketEntry>& found) {
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return a.ticket.enqueued < b.ticket.enqueued;
  });
  for (const auto& [node, ticket] : found) {
    matching_[ns].insert_or_assign(ticket.id, node);
    host_.ticket_added(ns, ticket);
  }
}

void ClusterNode::forget_ticket(std::string_view ns, TicketId ticket) {
  const auto found = tickets_.find(ns);
  if (found == tickets_.end()) return;
  found->second.erase(ticket);
  if (found->second.empty()) tickets_.erase(found);
}

void ClusterNode::stop_matching(std::string_view ns, TicketId ticket) {
  const auto found = matching_.find(ns);
  if (found == matching_.end()) return;
  found->second.erase(ticket);
  if (found->second.empty()) matching_.erase(found);
}

void ClusterNode::ticket_waits(const std::string& ns, TicketId ticket) {
  const auto found = matching_.find(ns);
  if (found == matching_.end() || !link_.is_up()) return;
  const auto entry = found->second.find(ticket);
  if (entry == found->second.end()) return;
  const std::string channel = options_.node_channel(entry->second);
  link_.publish(channel, pack({"W", ns, std::to_string(ticket)}), [](const Reply*) {});
}

void ClusterNode::remove_ticket(const std::string& ns, TicketId ticket,
                                const ReplyTo<TicketEnd>& reply) {
  forget_ticket(ns, ticket);
  if (!connected()) {
    host_.ticket_removed(ns, ticket);
    return reply(TicketEnd::kUnavailable);
  }
  link_.run(Script::kRemoveTicket, {ns, std::to_string(ticket), matcher_of(ns)},
            [reply](const Reply* answer) {
              if (answer == nullptr || answer->is_error()) return reply(TicketEnd::kUnavailable);
              reply(answer->integer() == 1 ? TicketEnd::kRemoved : TicketEnd::kGone);
            });
}

void ClusterNode::claim(const std::string& ns, const std::string& session,
                        const std::vector<TicketId>& tickets, const ReplyTo<ClaimOutcome>& reply) {
  if (!connected()) return reply({});
  std::vector<std::string> arguments{ns, session};
  for (const TicketId ticket : tickets) arguments.push_back(std::to_string(ticket));
  link_.run(Script::kClaim, Arguments(arguments.begin(), arguments.end()),
            [this, ns, tickets, reply](const Reply* answer) {
              ClaimOutcome outcome;
              outcome.known = answer != nullptr && !answer->is_error();
              for (std::size_t i = 0; outcome.known && i < answer->size(); ++i) {
                if (const auto gone = to_number<std::uint64_t>((*answer)[i].text())) {
                  outcome.gone.push_back(*gone);
                }
              }
              if (outcome.known) {
                const auto& ended = outcome.gone.empty() ? tickets : outcome.gone;
                for (const TicketId ticket : ended) stop_matching(ns, ticket);
              }
              reply(std::move(outcome));
            });
}

bool ClusterNode::take_ticket(const Fields& fields) {
  if (fields.size() != 8 || fields[3].size() > 64) return false;
  const auto ticket = read_ticket(fields[2], fields[4], fields[5], fields[6], fields[7]);
  if (!ticket) return false;
  if (matcher_of(fields[1]) != node_) {
    tell_matcher(fields[1]);
    return true;
  }
  matching_[std::string(fields[1])].insert_or_assign(ticket->id, std::string(fields[3]));
  host_.ticket_added(fields[1], *ticket);
  return true;
}

bool ClusterNode::take_ticket_end(const Fields& fields) {
  const auto ticket = fields.size() == 3 ? to_number<std::uint64_t>(fields[2]) : std::nullopt;
  if (!ticket) return false;
  stop_matching(fields[1], *ticket);
  host_.ticket_removed(fields[1], *ticket);
  return true;
}

bool ClusterNode::take_ticket_waits(const Fields& fields) {
  const auto ticket = fields.size() == 3 ? to_number<std::uint64_t>(fields[2]) : std::nullopt;
  if (ticket) host_.ticket_waits(fields[1], *ticket);
  return ticket.has_value();
}

bool ClusterNode::take_matched(const Fields& fields) {
  if (fields.size() < 3 || fields.size() % 3 != 0 || !is_session(fields[2])) return false;
  std::vector<peer::sdk::MatchedPeer> peers;
  for (std::size_t i = 3; i < fields.size(); i += 3) {
    const auto peer = from_hex(fields[i]);
    const auto ticket = to_number<std::uint64_t>(fields[i + 1]);
    if (!peer || !ticket || !(fields[i + 2].empty() || is_client_text(fields[i + 2]))) return false;
    peers.push_back({*peer, *ticket, std::string(fields[i + 2])});
    forget_ticket(fields[1], *ticket);
  }
  host_.matched({fields[1], fields[2], peers});
  return true;
}

}  // namespace peer_redis
