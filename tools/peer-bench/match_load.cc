#include "tools/peer-bench/match_load.h"

#include <utility>

// Pairs that are matched again and again, on the thread of the loop. In: "match" (told to wait) and
// "matched" of the server. Out: units, their latencies from the request to the later of the two
// notices, and faults. Each pair is alone in its namespace or has criteria of its own, so it is
// known beforehand who must be matched with whom.
namespace peer::bench {
namespace {

std::size_t occurrences(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos;
       at = text.find(part, at + part.size())) {
    ++count;
  }
  return count;
}

std::string request_of(std::string_view ns, std::string_view criterion) {
  std::string request =
      R"({"type":"match","payload":{"namespace":")" + std::string(ns) + R"(","group_size":2)";
  if (!criterion.empty()) request += R"(,"criteria":{"c":")" + std::string(criterion) + R"("})";
  return request + "}}";
}

}  // namespace

PeerLoad::Shape MatchLoad::shape_of(const Options& options) {
  const std::size_t in_pairs = std::size_t{2} * options.pairs;
  if (options.waiting == 0) return {in_pairs, 2};
  return {in_pairs + options.waiting, in_pairs + options.waiting};
}

MatchLoad::MatchLoad(const Options& options, Faults& faults)
    : PeerLoad(options, shape_of(options), faults),
      pairs_(options.pairs),
      waiting_(options.waiting),
      told_to_wait_(options.waiting) {
  for (std::size_t i = 0; i < pairs_.size(); ++i) {
    pairs_[i].request = request_of(namespace_of(2 * i), waiting_ == 0 ? "" : std::to_string(i));
  }
}

void MatchLoad::resume() {
  running_ = true;
  ask_for_the_waiting();
  for (std::uint32_t i = 0; i < pairs_.size(); ++i) {
    if (!pairs_[i].under_way) ask(i);
  }
}

void MatchLoad::ask_for_the_waiting() {
  // Once: their tickets stay from round to round.
  const std::uint32_t count = std::exchange(waiting_, 0);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto peer = static_cast<std::uint32_t>(2 * pairs_.size() + i);
    send(peer, {request_of(namespace_of(peer), "waiting " + std::to_string(i))});
    ++in_flight_;
  }
}

void MatchLoad::ask(std::uint32_t index) {
  Pair& pair = pairs_[index];
  pair.under_way = true;
  pair.waiting = false;
  pair.told = {};
  // The last session is kept: a late second notice of it is a copy, and no notice of the new match.
  std::swap(pair.previous, pair.session);
  pair.session.clear();
  pair.asked_at = now();
  ++in_flight_;
  send(2 * index, {pair.request});
  send(2 * index + 1, {pair.request});
}

void MatchLoad::on_peer_message(std::uint32_t peer, const ServerMessage& message) {
  if (is_waiting(peer)) return on_waiting_peer(peer, message);
  Pair& pair = pairs_[peer / 2];
  if (message.kind == MessageKind::kMatch) {
    on_waiting(peer, pair);
  } else if (message.kind == MessageKind::kMatched) {
    on_matched(peer, pair, message.payload);
  } else {
    add_fault(Fault::kUnexpected, peer, message.payload);
  }
}

void MatchLoad::on_waiting_peer(std::uint32_t peer, const ServerMessage& message) {
  std::vector<bool>::reference told = told_to_wait_[peer - 2 * pairs_.size()];
  if (message.kind == MessageKind::kMatch && !told) {
    told = true;
    --in_flight_;
  } else {
    add_fault(Fault::kUnexpected, peer, message.payload);
  }
}

void MatchLoad::on_waiting(std::uint32_t peer, Pair& pair) {
  if (!pair.under_way || pair.waiting) add_fault(Fault::kDuplicated, peer, "told to wait");
  pair.waiting = true;
}

bool MatchLoad::names_both(std::uint32_t peer, std::string_view payload) const {
  const std::string_view peers = member(payload, "peers");
  return occurrences(peers, R"("fingerprint")") == 2 &&
         occurrences(peers, this->peer(peer).fingerprint) == 1 &&
         occurrences(peers, this->peer(peer ^ 1U).fingerprint) == 1;
}

void MatchLoad::on_matched(std::uint32_t peer, Pair& pair, std::string_view payload) {
  const std::string_view session = text_of(member(payload, "session_id"));
  bool& told = pair.told[peer % 2];
  if (!pair.under_way || told || session == pair.previous) {
    add_fault(Fault::kDuplicated, peer, "matched");
    return;
  }
  if (session.empty() || (!pair.session.empty() && session != pair.session)) {
    add_fault(Fault::kAltered, peer, "the session_id of a match differs");
  }
  if (!names_both(peer, payload)) add_fault(Fault::kAltered, peer, "matched names other peers");
  pair.session = session;
  told = true;
  if (pair.told[0] && pair.told[1]) complete(peer / 2);
}

void MatchLoad::complete(std::uint32_t index) {
  Pair& pair = pairs_[index];
  // Whichever request came first had to be answered with a ticket.
  if (!pair.waiting) add_fault(Fault::kLost, 2 * index, "nobody was told to wait");
  pair.under_way = false;
  --in_flight_;
  count_unit(now() - pair.asked_at);
  if (running_) ask(index);
}

void MatchLoad::finish() {
  for (std::uint32_t i = 0; i < told_to_wait_.size(); ++i) {
    const auto peer = static_cast<std::uint32_t>(2 * pairs_.size() + i);
    if (!told_to_wait_[i]) add_fault(Fault::kLost, peer, "told to wait");
  }
  for (std::uint32_t i = 0; i < pairs_.size(); ++i) {
    if (pairs_[i].under_way) add_fault(Fault::kLost, 2 * i, "matched, one of the two or both");
  }
}

}  // namespace peer::bench
