#include "ticket_board.h"

#include <algorithm>
#include <utility>

#include "client_text.h"
#include "on_error.h"

// In: tickets of the core, on the plugin's thread, and what other nodes write of theirs. Out:
// scripts that store, remove and claim tickets, and for the core the tickets of the namespaces that
// this node matches. Nodes may disagree for a while about who matches a namespace. That does no
// harm: a claim is one script, so each ticket is in one match (plugins/broker_redis/DESIGN.md,
// "Tickets and matches").
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
  // 2^53 ms is beyond any date, and keeps the arithmetic of times far from overflow.
  if (!number || !peer || !registered || !since || *since > (std::uint64_t{1} << 53)) {
    return std::nullopt;
  }
  const Instant instant{std::chrono::milliseconds(static_cast<std::int64_t>(*since))};
  return SharedTicket{*number, {*peer, *registered}, instant, std::string(request)};
}

/// Of what cores tell each other of a ticket (sdk::Broker::tell_ticket).
constexpr std::size_t kMostWord = 1024;

bool is_session(std::string_view id) {
  return id.size() == 32 && id.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

// Of the tickets' hash: fp|node|registration|enqueued|request.
std::optional<TicketBoard::Entry> TicketBoard::read_entry(std::string_view id,
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
  return Entry{std::string(parts[1]), std::move(*ticket)};
}

void TicketBoard::add(const std::string& ns, const SharedTicket& ticket,
                      std::optional<TicketId> replaces) {
  const bool is_told_again = replaces == ticket.id;
  // What has ended meanwhile must not be shared by a later share_all().
  if (is_told_again && !has(ns, ticket.id)) return;
  if (replaces && !is_told_again) forget(ns, *replaces);
  // Kept whatever Redis does: share_all() writes all of them when this node is connected again.
  tickets_[ns].insert_or_assign(ticket.id, ticket);
  if (state_.is_connected()) return share(ns, ticket, replaces, Link::Kind::kState);
  // Shared when this node is connected.
  if (!state_.is_degraded()) return host_.ticket_waits(ns, ticket.id);
  if (replaces && !is_told_again) host_.ticket_removed(ns, *replaces);
  host_.ticket_added(ns, ticket);
}

void TicketBoard::share(const std::string& ns, const SharedTicket& ticket,
                        std::optional<TicketId> replaces, Link::Kind kind) {
  const std::string since = std::to_string(ticket.enqueued.time_since_epoch().count());
  const std::string fingerprint = to_hex(ticket.owner.peer);
  const std::string registration = std::to_string(ticket.owner.registration);
  const std::string id = std::to_string(ticket.id);
  const std::string replaced = replaces ? std::to_string(*replaces) : std::string();
  const std::vector<std::string> copy = copies_.arguments(ticket.owner);
  Arguments arguments{fingerprint, registration,   ns,       id,
                      since,       ticket.request, replaced, view_.chosen_for(ns)};
  arguments.insert(arguments.end(), copy.begin(), copy.end());
  link_.run(Script::kAddTicket, arguments, or_give_up(link_), kind);
}

void TicketBoard::share_tickets_of(const Fingerprint& peer) {
  for (const auto& [ns, tickets] : tickets_) {
    for (const auto& [id, ticket] : tickets) {
      if (ticket.owner.peer != peer) continue;
      share(ns, ticket, std::nullopt, Link::Kind::kOwnTruth);
    }
  }
}

void TicketBoard::share_all() {
  for (const auto& [ns, tickets] : tickets_) {
    const bool ours = view_.is_chosen_for(ns);
    // The core has matched it alone until now (match_alone).
    if (!ours) host_.matching_moved(ns);
    for (const auto& [id, ticket] : tickets) {
      if (ours) matching_[ns].insert_or_assign(id, view_.self());
      share(ns, ticket, std::nullopt, Link::Kind::kOwnTruth);
    }
  }
}

void TicketBoard::match_alone() {
  // Tickets of other nodes are out of reach: the core drops them all, and gets its own ones back.
  for (const auto& [ns, tickets] : matching_) host_.matching_moved(ns);
  matching_.clear();
  for (const auto& [ns, tickets] : tickets_) {
    for (const auto& [id, ticket] : tickets) host_.ticket_added(ns, ticket);
  }
}

// The nodes have changed, and with them who matches what.
void TicketBoard::take_namespaces(const std::vector<std::string>& with_tickets) {
  if (!std::exchange(matching_due_, false)) return;
  for (auto ns = matching_.begin(); ns != matching_.end();) {
    if (view_.is_chosen_for(ns->first)) {
      ++ns;
    } else {
      host_.matching_moved(ns->first);
      tell_matcher(ns->first);
      ns = matching_.erase(ns);
    }
  }
  for (const std::string& ns : with_tickets) {
    if (view_.is_chosen_for(ns)) fetch(ns);
  }
  // Sent to a node that was to match them, and may be gone with them.
  for (const auto& [ns, tickets] : tickets_) {
    if (!view_.is_chosen_for(ns)) tell_matcher(ns);
  }
}

// Nodes learn at different times who is there: a ticket may have come to a node that does not make
// the matches any more, or does not yet. Who does fetches it, now or when it learns that it does.
void TicketBoard::tell_matcher(std::string_view ns) {
  link_.publish_to_node(
      view_.chosen_for(ns), envelope('Q', {ns}), [](const Reply*) {}, Link::Kind::kState);
}

bool TicketBoard::take_hint(const Fields& fields) {
  if (fields.size() < 2) return false;
  if (view_.is_chosen_for(fields[1])) fetch(std::string(fields[1]));
  return true;
}

void TicketBoard::fetch(const std::string& ns) {
  fetch_page(ns, "0", std::make_shared<std::vector<Entry>>());
}

void TicketBoard::fetch_page(const std::string& ns, const std::string& cursor,
                             std::shared_ptr<std::vector<Entry>> found) {
  link_.run(Script::kTickets, {ns, cursor}, [this, ns, found](const Reply* reply) {
    // Another node may have been chosen while the pages were read.
    if (reply == nullptr || !view_.is_chosen_for(ns)) return;
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

void TicketBoard::take_fetched(const std::string& ns, std::vector<Entry>& found) {
  // A hash has no order. The oldest ticket must come first, as the strategy is to see them.
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return a.ticket.enqueued < b.ticket.enqueued;
  });
  for (const auto& [node, ticket] : found) {
    matching_[ns].insert_or_assign(ticket.id, node);
    host_.ticket_added(ns, ticket);
  }
}

bool TicketBoard::has(std::string_view ns, TicketId ticket) const {
  const auto found = tickets_.find(ns);
  return found != tickets_.end() && found->second.contains(ticket);
}

void TicketBoard::forget(std::string_view ns, TicketId ticket) {
  const auto found = tickets_.find(ns);
  if (found == tickets_.end()) return;
  found->second.erase(ticket);
  if (found->second.empty()) tickets_.erase(found);
}

void TicketBoard::stop_matching(std::string_view ns, TicketId ticket) {
  const auto found = matching_.find(ns);
  if (found == matching_.end()) return;
  found->second.erase(ticket);
  if (found->second.empty()) matching_.erase(found);
}

void TicketBoard::say_waiting(const std::string& ns, TicketId ticket, const std::string& word) {
  const auto found = matching_.find(ns);
  if (found == matching_.end() || !link_.is_up()) return;
  const auto entry = found->second.find(ticket);
  if (entry == found->second.end()) return;
  const std::string id = std::to_string(ticket);
  link_.publish_to_node(entry->second,
                        word.empty() ? envelope('W', {ns, id}) : envelope('W', {ns, id, word}),
                        [](const Reply*) {});
}

void TicketBoard::remove(const std::string& ns, TicketId ticket, const ReplyTo<TicketEnd>& reply) {
  forget(ns, ticket);
  if (!state_.is_connected()) {
    host_.ticket_removed(ns, ticket);
    return reply(TicketEnd::kUnavailable);
  }
  link_.run(Script::kRemoveTicket, {ns, std::to_string(ticket), view_.chosen_for(ns)},
            [reply](const Reply* answer) {
              if (!has_answered(answer)) return reply(TicketEnd::kUnavailable);
              reply(answer->integer() == 1 ? TicketEnd::kRemoved : TicketEnd::kGone);
            });
}

void TicketBoard::claim(const std::string& ns, const std::string& session, const std::string& teams,
                        const std::vector<TicketId>& tickets, const ReplyTo<ClaimOutcome>& reply) {
  if (!state_.is_connected()) return reply({});
  std::vector<std::string> arguments{ns, session, teams};
  for (const TicketId ticket : tickets) arguments.push_back(std::to_string(ticket));
  link_.run(Script::kClaim, Arguments(arguments.begin(), arguments.end()),
            [this, ns, tickets, reply](const Reply* answer) {
              ClaimOutcome outcome;
              outcome.known = has_answered(answer);
              for (std::size_t i = 0; outcome.known && i < answer->size(); ++i) {
                if (const auto gone = to_number<std::uint64_t>((*answer)[i].text())) {
                  outcome.gone.push_back(*gone);
                }
              }
              if (outcome.known) {
                // Without any that is gone the claim has taken all.
                const auto& ended = outcome.gone.empty() ? tickets : outcome.gone;
                for (const TicketId ticket : ended) stop_matching(ns, ticket);
              }
              reply(std::move(outcome));
            });
}

bool TicketBoard::take_ticket(const Fields& fields) {
  if (fields.size() < 8 || fields[3].size() > 64) return false;
  const auto ticket = read_ticket(fields[2], fields[4], fields[5], fields[6], fields[7]);
  if (!ticket) return false;
  if (!view_.is_chosen_for(fields[1])) {
    tell_matcher(fields[1]);
    return true;
  }
  matching_[std::string(fields[1])].insert_or_assign(ticket->id, std::string(fields[3]));
  host_.ticket_added(fields[1], *ticket);
  return true;
}

bool TicketBoard::take_end(const Fields& fields) {
  const auto ticket = fields.size() >= 3 ? to_number<std::uint64_t>(fields[2]) : std::nullopt;
  if (!ticket) return false;
  stop_matching(fields[1], *ticket);
  host_.ticket_removed(fields[1], *ticket);
  return true;
}

bool TicketBoard::take_waiting(const Fields& fields) {
  const auto ticket = fields.size() >= 3 ? to_number<std::uint64_t>(fields[2]) : std::nullopt;
  if (!ticket) return false;
  // A node of an older version says no more than that it waits.
  const std::string_view word = fields.size() >= 4 ? fields[3] : std::string_view();
  if (word.size() > kMostWord) return false;
  word.empty() ? host_.ticket_waits(fields[1], *ticket)
               : host_.ticket_told(fields[1], *ticket, word);
  return true;
}

bool TicketBoard::take_matched(const Fields& fields) {
  const auto matched = fields.size() >= 4 ? unpack(fields[3]) : std::nullopt;
  if (!matched || matched->size() % 3 != 0 || !is_session(fields[2])) return false;
  // The core looks at them before it passes them on.
  const std::string_view teams = fields.size() >= 5 ? fields[4] : std::string_view();
  std::vector<peer::sdk::MatchedPeer> peers;
  for (std::size_t i = 0; i < matched->size(); i += 3) {
    const auto peer = from_hex((*matched)[i]);
    const auto ticket = to_number<std::uint64_t>((*matched)[i + 1]);
    const std::string_view object = (*matched)[i + 2];
    if (!peer || !ticket || !(object.empty() || is_client_text(object))) return false;
    peers.push_back({*peer, *ticket, std::string(object)});
    // It is matched: a later outage must not share it anew.
    forget(fields[1], *ticket);
  }
  teams.empty() ? host_.matched({fields[1], fields[2], peers})
                : host_.matched_teams({fields[1], fields[2], peers}, teams);
  return true;
}

}  // namespace peer_redis
