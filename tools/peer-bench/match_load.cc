#include "tools/peer-bench/match_load.h"

#include <utility>

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

}  // namespace

MatchLoad::MatchLoad(const Options& options, Faults& faults)
    : PeerLoad(options, {std::size_t{2} * options.pairs, 2}, faults), pairs_(options.pairs) {
  for (std::size_t i = 0; i < pairs_.size(); ++i) {
    pairs_[i].request = R"({"type":"match","payload":{"namespace":")" + namespace_of(2 * i) +
                        R"(","group_size":2}})";
  }
}

void MatchLoad::resume() {
  running_ = true;
  for (std::uint32_t i = 0; i < pairs_.size(); ++i) {
    if (!pairs_[i].under_way) ask(i);
  }
}

void MatchLoad::ask(std::uint32_t index) {
  Pair& pair = pairs_[index];
  pair.under_way = true;
  pair.waiting = false;
  pair.told = {};
  std::swap(pair.previous, pair.session);
  pair.session.clear();
  pair.asked_at = now();
  ++in_flight_;
  send(2 * index, {pair.request});
  send(2 * index + 1, {pair.request});
}

void MatchLoad::on_peer_message(std::uint32_t peer, const ServerMessage& message) {
  Pair& pair = pairs_[peer / 2];
  if (message.kind == MessageKind::kMatch) {
    on_waiting(peer, pair);
  } else if (message.kind == MessageKind::kMatched) {
    on_matched(peer, pair, message.payload);
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
  if (!pair.waiting) add_fault(Fault::kLost, 2 * index, "nobody was told to wait");
  pair.under_way = false;
  --in_flight_;
  count_unit(now() - pair.asked_at);
  if (running_) ask(index);
}

void MatchLoad::finish() {
  for (std::uint32_t i = 0; i < pairs_.size(); ++i) {
    if (pairs_[i].under_way) add_fault(Fault::kLost, 2 * i, "matched, one of the two or both");
  }
}

}  // namespace peer::bench
