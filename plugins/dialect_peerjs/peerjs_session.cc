#include "peerjs_session.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <peer/sdk/json.h>

namespace peer_peerjs {
namespace {

using peer::sdk::DialectEnding;
using peer::sdk::DialectMessage;
using peer::sdk::DialectPeer;
using peer::sdk::Fingerprint;
using peer::sdk::json_string;

// Of what is tried with native peers, and of how much of it is kept until that is known.
constexpr std::size_t kMostTried = 64;
constexpr std::size_t kMostTriedBytes = 256 * 1024;

// docs/protocol.md, "Errors" and "Closing".
constexpr int kTooManyRequests = 429;
constexpr std::uint16_t kGoingAway = 1001;
constexpr std::uint16_t kReplaced = 4001;

std::string hex(const Fingerprint& fingerprint) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : fingerprint.bytes) {
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  return text;
}

bool is_fingerprint(std::string_view text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

}  // namespace

PeerJsSession::PeerJsSession(const Surroundings& around, DialectPeer& peer)
    : around_(around), peer_(peer) {
  peer_.send(kOpen);
  note_life();
  peer_.wake_after(around_.options.alive);
}

PeerJsSession::Talk& PeerJsSession::talk() {
  if (!talk_) talk_ = std::make_unique<Talk>(Talk{json_string(peer_.id())});
  return *talk_;
}

void PeerJsSession::hear(std::string_view text) {
  note_life();
  if (text == kHeartbeat) return;
  const auto message = read_directed(around_.host, peer_.heard_members());
  if (!message) return;
  if (!message->dst.empty()) {
    if (!around_.options.ns.empty() && is_fingerprint(message->dst)) return try_native(*message);
    if (!message->raw_dst.empty()) {
      return pass_on(message->kind, message->dst, message->raw_dst, message->payload);
    }
    return pass_on(message->kind, message->dst, json_string(message->dst), message->payload);
  }
  // Older clients say so when they go: their id is free from then on.
  if (message->kind == Kind::kLeave) peer_.close();
}

void PeerJsSession::pass_on(Kind kind, std::string_view dst, std::string_view raw_dst,
                            std::string_view payload) {
  const auto wait = waits(kind) ? around_.options.expire : std::chrono::milliseconds(0);
  peer_.direct(dst, relayed(kind, talk().raw_id, raw_dst, payload), wait);
}

void PeerJsSession::try_native(const Directed& message) {
  std::unique_ptr<Attempts>& attempts = talk().attempts;
  if (!attempts) attempts = std::make_unique<Attempts>();
  Attempts& tried = *attempts;
  if (tried.all.size() >= kMostTried || tried.bytes + message.payload.size() > kMostTriedBytes) {
    return pass_on(message.kind, message.dst, json_string(message.dst), message.payload);
  }
  const std::uint64_t number = ++tried.last_number;
  tried.all.push_back({number, message.kind, message.dst, std::string(message.payload)});
  tried.bytes += message.payload.size();
  peer_.say(R"({"type":"signal","id":)" + std::to_string(number) + R"(,"to":")" + message.dst +
            R"(","payload":)" + native_payload(message.kind, message.payload) + "}");
}

void PeerJsSession::conclude(std::string_view number, bool arrived) {
  if (!talk_ || !talk_->attempts) return;
  std::uint64_t value = 0;
  const auto [end, fault] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (fault != std::errc() || end != number.data() + number.size()) return;
  auto& all = talk_->attempts->all;
  const auto found = std::find_if(all.begin(), all.end(), [&](const Attempts::Attempt& attempt) {
    return attempt.number == value;
  });
  if (found == all.end()) return;
  const Attempts::Attempt attempt = std::move(*found);
  all.erase(found);
  talk_->attempts->bytes -= attempt.payload.size();
  if (!arrived) pass_on(attempt.kind, attempt.dst, json_string(attempt.dst), attempt.payload);
}

void PeerJsSession::tell(const DialectMessage& message) {
  if (message.type == "signal") return hear_signal(message);
  if (message.code == kTooManyRequests) note_life();  // it spoke, more often than it may
  if (message.id.empty()) return;
  if (message.type == "ack" || message.type == "error") conclude(message.id, message.code == 0);
}

void PeerJsSession::hear_signal(const DialectMessage& message) {
  if (!message.from) return;
  const auto src = src_of_relayed(message.payload);
  if (src && is_src(*src, *message.from)) {
    peer_.send(message.payload);
    return;
  }
  // A native peer, or one of another dialect.
  const auto read = read_directed(around_.host, around_.host.members_of(message.payload));
  if (!read) return;
  peer_.send(relayed(read->kind, json_string(hex(*message.from)), talk().raw_id, read->payload));
}

bool PeerJsSession::is_src(std::string_view raw_src, const Fingerprint& from) {
  Talk& known = talk();
  if (raw_src == known.known_src && from == known.known_from) return true;
  const auto id = around_.host.string_of(raw_src);
  if (!id || around_.host.fingerprint_of(*id) != from) return false;
  known.known_src = raw_src;
  known.known_from = from;
  return true;
}

void PeerJsSession::undelivered(std::string_view id) {
  peer_.send(expired(json_string(id), talk().raw_id));
}

void PeerJsSession::wake() {
  const auto silent = peer_.now() - heard_at_;
  if (silent < around_.options.alive) return peer_.wake_after(around_.options.alive - silent);
  peer_.close();
}

std::string PeerJsSession::last_word(const DialectEnding& ending) {
  // To these a client says by itself that its connection is lost, and may come back.
  if (ending.code == kGoingAway || ending.code == kReplaced || ending.reason.empty()) return {};
  return error(ending.reason);
}

}  // namespace peer_peerjs
