#include "core/dialect/foreign_peer.h"

#include <algorithm>
#include <utility>

#include "core/base/digest.h"
#include "core/base/random.h"
#include "core/base/utf8.h"
#include "core/dialect/dialect_message.h"
#include "core/dispatch/handlers.h"
#include "core/protocol/json_text.h"
#include "core/session/registration.h"
#include "core/wire/notices.h"

// One client of a dialect, on its loop. In: its texts, and frames that others have for it. Out:
// calls of the plugin, never one within another; the client's own words. What the plugin asks for
// in its calls is in foreign_outlet.cc. The way in is `registered`, then the answer to a join that
// this says, then the plugin's session.
namespace peer {
namespace {

// One for each silent client: see docs/decisions.md, "What a silent PeerJS client needs".
static_assert(sizeof(ForeignPeer) <= 280);

constexpr std::size_t kMostEarly = 64;

}  // namespace

// --- Calls of the plugin

ForeignPeer::ForeignPeer(Connection& connection, LoopState& home, DialectEntry& entry)
    : ForeignSession(connection, home), entry_(entry) {
  stage = Stage::kRegistering;
}

ForeignPeer::Work& ForeignPeer::work() {
  if (work_ == nullptr) work_ = std::make_unique<Work>();
  return *work_;
}

bool ForeignPeer::send_text(std::string_view text, Importance importance) {
  Connection* connection = transport();
  if (connection == nullptr || connection->closing() || !is_sound("send", text, false)) {
    return false;
  }
  return connection->send_translated(text_frame(text), importance) == SendResult::kQueued;
}

void ForeignPeer::hear(std::string_view text) {
  if (phase_ != Phase::kServed) return;
  handling = MessageType::kUnknown;
  ++messages;
  const Message none;
  if (!peer::pay({node(), *this, none})) return;
  paid_ = true;
  importance_ = Importance::kAnswer;
  Heard heard{.text = text};
  const HeardNow now(heard_, heard);
  call("hear", [&] { session_->hear(text); });
  heard.text = {};
  act();
}

void ForeignPeer::tell(const FrameRef& frame, Importance importance) {
  DecodedNames names;
  const sdk::DialectMessage message = message_of(frame, names);
  importance_ = importance;
  // A marked frame was made of parts that had been checked.
  Heard heard;
  if (frame.mark() != 0) heard.told = message.data.empty() ? message.payload : message.data;
  // What it hears may lead to a message for itself.
  {
    const HeardNow now(heard_, heard);
    call("tell", [&] { session_->tell(message); });
  }
  act_later();
}

void ForeignPeer::wake() {
  if (phase_ != Phase::kServed) return;
  call("wake", [&] { session_->wake(); });
  act();
}

void ForeignPeer::finish() {
  phase_ = Phase::kEnded;
  if (work_ != nullptr && work_->direct != nullptr) work_->direct->drop_all();
  work_.reset();
  entry_.calls.run("~DialectSession", [&] { session_.reset(); });
}

// --- The way in

void ForeignPeer::enter(const sdk::DialectEntry& who) {
  const auto has_nul = [](const std::string& text) { return text.find('\0') != text.npos; };
  const bool is_sound_id =
      who.id.size() <= sdk::kMaxDialectId && !has_nul(who.id) && is_valid_utf8(who.id);
  if (!is_sound_id) return turn_away(400, "invalid id");
  id = who.id.empty() ? random_hex(16) : who.id;
  ForeignClient client;
  // Without a token nobody takes its place: nobody can have the same random bytes.
  client.secret = {sha256_of(who.token.empty() ? random_token() : who.token)};
  std::copy_n(client.secret.bytes.begin(), secret_mark.size(), secret_mark.begin());
  client.public_key = entry_.host.key_of(id);
  has_meta_ = entry_.is_listed;
  if (has_meta_) client.meta = own_meta();
  work().entering = std::make_unique<Entering>(Entering{hold(), {}});
  register_foreign(node(), *this, std::move(client));
}

std::string ForeignPeer::own_meta() const {
  return "{\"dialect\":" + json_string(entry_.name) + ",\"id\":" + json_string(id) + "}";
}

void ForeignPeer::reject(std::string_view text) {
  phase_ = Phase::kRefused;
  if (!text.empty()) send_text(text, Importance::kAnswer);
  Session::close(CloseCode::kPolicyViolation, {});
}

// The plugin finds the words.
void ForeignPeer::refuse(int code, std::string_view message) {
  const bool joins = phase_ == Phase::kJoining;
  phase_ = Phase::kRefused;
  const sdk::DialectRefusal refusal{reason_of(code, message, joins), code, message};
  const auto text = entry_.calls.run("refusal", [&] { return entry_.plugin.refusal(refusal); });
  if (text && !text->empty()) send_text(*text, Importance::kAnswer);
}

void ForeignPeer::turn_away(int code, std::string_view message) {
  refuse(code, message);
  Session::close(CloseCode::kPolicyViolation, message);
}

// Within a handler, which goes on when this returns.
void ForeignPeer::hear_entering(const FrameRef& frame) {
  DecodedNames names;
  const sdk::DialectMessage message = message_of(frame, names);
  if (message.type == "error") {
    const bool joins = phase_ == Phase::kJoining;
    const std::string words = words_of(message);
    // A client that is not registered is closed by the code that sent the error.
    return joins ? turn_away(message.code, words) : refuse(message.code, words);
  }
  const bool goes_on = message.type == (phase_ == Phase::kRegistering ? "registered" : "peer_list");
  if (!goes_on) {
    Entering* entering = work_ == nullptr ? nullptr : work_->entering.get();
    if (entering != nullptr && entering->early.size() < kMostEarly) {
      entering->early.push_back(frame);
    }
    return;
  }
  loop().post([&loop = loop(), ref = ref()] {
    Session* session = find_session(loop, ref);
    if (session == nullptr || !session->foreign || !session->is_open()) return;
    static_cast<ForeignPeer*>(session)->go_in();
  });
}

void ForeignPeer::go_in() {
  if (phase_ == Phase::kJoining || (phase_ == Phase::kRegistering && entry_.home.empty())) {
    return begin();
  }
  if (phase_ != Phase::kRegistering) return;
  phase_ = Phase::kJoining;
  if (!entry_.is_listed) return go_in_unlisted();
  std::string join =
      "{\"type\":\"join\",\"id\":0,\"payload\":{\"namespace\":" + json_string(entry_.home) + "}}";
  paid_ = true;
  perform_say(join);
}

void ForeignPeer::go_in_unlisted() {
  Node& node = this->node();
  if (!may_enter(*this, entry_.home)) return turn_away(403, "not allowed");
  const Namespace* ns =
      node.namespaces.enter_unlisted(entry_.home, fingerprint, node.config().max_namespace_size);
  if (ns == nullptr) return turn_away(429, "namespace full");
  namespaces.insert(ns);
  in_unlisted = true;
  if (node.events.wanted(EventKind::kJoin)) {
    tell_event(node, *this, EventKind::kJoin, ",\"namespace\":" + json_string(entry_.home));
  }
  begin();
}

void ForeignPeer::begin() {
  in_call_ = true;
  asked_ = 0;
  sdk::DialectPeer& outlet = *this;
  auto made = entry_.calls.run("begin", [&] { return entry_.plugin.begin(outlet); });
  in_call_ = false;
  if (!made || *made == nullptr) {
    if (made) entry_.calls.fault("begin", "made no session");
    return turn_away(500, "internal error");
  }
  session_ = std::move(*made);
  phase_ = Phase::kServed;
  const std::unique_ptr<Entering> entered = std::exchange(work().entering, nullptr);
  if (!has_actions()) work_.reset();
  if (entered != nullptr) {
    entered->hold = {};
    for (const FrameRef& frame : entered->early) translate(frame, Importance::kMessage);
  }
  entry_.waits.arrived(fingerprint);
  act();
}

// --- ApplicationSession

SendResult ForeignPeer::translate(const FrameRef& frame, Importance importance) {
  switch (phase_) {
    case Phase::kRegistering:
    case Phase::kJoining:
      hear_entering(frame);
      return SendResult::kQueued;
    case Phase::kServed:
      tell(frame, importance);
      return SendResult::kQueued;
    case Phase::kRefused:
    case Phase::kEnded:
      return SendResult::kDropped;
  }
  return SendResult::kDropped;
}

void ForeignPeer::on_closing(CloseCode code, std::string_view reason) {
  const Phase phase = std::exchange(phase_, Phase::kRefused);
  if (phase == Phase::kRegistering || phase == Phase::kJoining) {
    phase_ = phase;
    return refuse(static_cast<int>(code), reason);
  }
  if (phase != Phase::kServed) return;
  const sdk::DialectEnding ending{static_cast<std::uint16_t>(code), reason};
  const auto text = entry_.calls.run("last_word", [&] { return session_->last_word(ending); });
  if (text && !text->empty()) send_text(*text, Importance::kAnswer);
}

void ForeignPeer::on_resumed() {
  if (has_actions()) act_later();
}

// --- What waits for others

void ForeignPeer::go_on(const Fingerprint& target, bool is_over) {
  if (work_ != nullptr && work_->direct != nullptr) work_->direct->go_on(target, is_over);
}

void ForeignPeer::tell_undelivered(std::string_view missing) {
  if (phase_ != Phase::kServed) return;
  call("undelivered", [&] { session_->undelivered(missing); });
  act_later();
}

}  // namespace peer
