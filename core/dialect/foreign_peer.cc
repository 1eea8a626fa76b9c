#include "core/dialect/foreign_peer.h"

#include <algorithm>
#include <utility>

#include "core/base/digest.h"
#include "core/base/random.h"
#include "core/base/utf8.h"
#include "core/dialect/dialect_message.h"
#include "core/dispatch/handlers.h"
#include "core/protocol/json_grammar.h"
#include "core/protocol/json_text.h"
#include "core/session/registration.h"
#include "core/wire/notices.h"

// One client of a dialect, on its loop. In: its texts, frames that others have for it, and what the
// plugin asks for in its calls. Out: calls of the plugin, never one within another; messages of
// docs/protocol.md, handled as if a native client had sent them; the client's own words. The way in
// is `registered`, then the answer to a join that this says, then the plugin's session.
namespace peer {
namespace {

constexpr std::size_t kMostEarly = 64;
constexpr std::size_t kRoomForWords = 64 * 1024;  // beside what a message may have

// What a plugin says mostly is an object around the payload that it has just heard: `checked`.
bool is_json_text(std::string_view text, std::string_view checked) {
  return text.starts_with('{') ? is_valid_object(text, checked) : is_valid_json(text);
}

std::string_view largest_container(const std::vector<sdk::JsonMemberView>& members) {
  std::string_view largest;
  for (const sdk::JsonMemberView& member : members) {
    const bool is_container = member.value.starts_with('{') || member.value.starts_with('[');
    if (is_container && member.value.size() > largest.size()) largest = member.value;
  }
  return largest;
}

}  // namespace

// --- What the plugin asks for

milliseconds ForeignPeer::Outlet::now() const noexcept {
  return peer_.loop().now().time_since_epoch();
}

std::optional<std::vector<sdk::JsonMemberView>> ForeignPeer::Outlet::heard_members()
    const noexcept {
  if (peer_.heard_ == nullptr) return std::nullopt;
  auto members = members_of_utf8(peer_.heard_->text);
  if (members) peer_.heard_->checked = largest_container(*members);
  return members;
}

bool ForeignPeer::Outlet::send(std::string_view text) noexcept {
  return peer_.send_text(text, peer_.importance_);
}

void ForeignPeer::Outlet::say(std::string_view message) noexcept {
  peer_.add({Action::Kind::kSay, std::string(message)});
}

void ForeignPeer::Outlet::direct(std::string_view id, std::string_view payload,
                                 milliseconds wait) noexcept {
  peer_.add({Action::Kind::kDirect, std::string(id), std::string(payload),
             std::clamp(wait, milliseconds(0), DialectWaits::kLongest)});
}

void ForeignPeer::Outlet::broadcast(std::string_view ns, std::string_view data) noexcept {
  peer_.add({Action::Kind::kBroadcast, std::string(ns), std::string(data)});
}

void ForeignPeer::Outlet::count_members(std::string_view ns,
                                        std::function<void(std::uint64_t)> then) noexcept {
  peer_.add({Action::Kind::kCount, std::string(ns), {}, {}, std::move(then)});
}

void ForeignPeer::Outlet::wake_after(milliseconds time) noexcept {
  constexpr milliseconds kLongest = std::chrono::hours(24 * 365);
  const bool wakes = time > milliseconds(0) && peer_.phase_ != Phase::kEnded;
  peer_.set_wake(wakes ? peer_.loop().now() + std::min(time, kLongest) : kNever);
}

void ForeignPeer::Outlet::close() noexcept { peer_.add({Action::Kind::kClose, {}}); }

void ForeignPeer::add(Action action) noexcept {
  if (phase_ == Phase::kEnded || phase_ == Phase::kRefused) return;
  if (++asked_ > sdk::kMaxDialectActions) {
    if (asked_ == sdk::kMaxDialectActions + 1) {
      entry_.calls.fault("say",
                         "asks for more than 4096 things in one call; the others are dropped");
    }
    return;
  }
  actions_.push_back(std::move(action));
}

bool ForeignPeer::is_sound(const char* call, std::string_view text, bool is_json) {
  const std::size_t most = loop().options().max_message_size + kRoomForWords;
  const char* fault = nullptr;
  if (text.size() > most) {
    fault = "gave a text that is too long";
  } else if (told_ != nullptr && text.data() == told_->data() && text.size() == told_->size()) {
    return true;
  } else if (!(is_json ? is_json_text(text, heard_ == nullptr ? "" : heard_->checked)
                       : is_valid_utf8(text))) {
    const bool is_text = is_json && is_valid_utf8(text);
    fault = is_text ? "gave a text that is not JSON" : "gave a text that is not UTF-8";
  }
  if (fault != nullptr) entry_.calls.fault(call, fault);
  return fault == nullptr;
}

bool ForeignPeer::send_text(std::string_view text, Importance importance) {
  Connection* connection = transport();
  if (connection == nullptr || connection->closing() || !is_sound("send", text, false)) {
    return false;
  }
  return connection->send_translated(text_frame(text), importance) == SendResult::kQueued;
}

// --- Calls of the plugin

ForeignPeer::ForeignPeer(Connection& connection, LoopState& home, DialectEntry& entry)
    : ForeignSession(connection, home), entry_(entry) {
  stage = Stage::kRegistering;
}

template <typename Function>
bool ForeignPeer::call(const char* name, Function&& function) {
  in_call_ = true;
  asked_ = 0;
  const bool done = entry_.calls.run(name, std::forward<Function>(function));
  in_call_ = false;
  importance_ = Importance::kMessage;
  if (!done) Session::close(CloseCode::kInternalError, "internal error");
  return done;
}

void ForeignPeer::hear(std::string_view text) {
  if (phase_ != Phase::kServed) return;
  handling = MessageType::kUnknown;
  ++messages;
  const Message none;
  if (!peer::pay({node(), *this, none})) return;
  paid_ = true;
  importance_ = Importance::kAnswer;
  Heard heard{text};
  heard_ = &heard;
  call("hear", [&] { session_->hear(text); });
  heard.text = {};
  act();
  heard_ = nullptr;
}

void ForeignPeer::tell(const FrameRef& frame, Importance importance) {
  DecodedNames names;
  const sdk::DialectMessage message = message_of(frame, names);
  importance_ = importance;
  // A marked frame was made of parts that had been checked.
  const std::string_view told = message.data.empty() ? message.payload : message.data;
  if (frame.mark() != 0 && !told.empty()) told_ = &told;
  call("tell", [&] { session_->tell(message); });
  told_ = nullptr;
  act_later();
}

void ForeignPeer::wake() {
  if (phase_ != Phase::kServed) return;
  call("wake", [&] { session_->wake(); });
  act();
}

void ForeignPeer::finish() {
  phase_ = Phase::kEnded;
  entering_.reset();
  actions_.clear();
  if (direct_ != nullptr) direct_->drop_all();
  entry_.calls.run("~DialectSession", [&] { session_.reset(); });
}

// --- The way in

void ForeignPeer::enter(const sdk::DialectEntry& who) {
  const auto has_nul = [](const std::string& text) { return text.find('\0') != text.npos; };
  id = who.id.empty() ? random_hex(16) : who.id;
  const bool is_sound_id = id.size() <= sdk::kMaxDialectId && !has_nul(id) && is_valid_utf8(id);
  if (!is_sound_id) return turn_away(400, "invalid id");
  // Without a token nobody takes its place: nobody can have the same random bytes.
  secret = {sha256_of(who.token.empty() ? random_token() : who.token)};
  ForeignClient client;
  client.public_key = entry_.host.key_of(id);
  client.meta = "{\"dialect\":" + json_string(entry_.name) + ",\"id\":" + json_string(id) + "}";
  entering_ = std::make_unique<Entering>(Entering{hold(), {}});
  register_foreign(node(), *this, std::move(client));
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
    if (entering_ && entering_->early.size() < kMostEarly) entering_->early.push_back(frame);
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
  std::string join =
      "{\"type\":\"join\",\"id\":0,\"payload\":{\"namespace\":" + json_string(entry_.home) + "}}";
  paid_ = true;
  perform_say(join);
}

void ForeignPeer::begin() {
  in_call_ = true;
  asked_ = 0;
  auto made = entry_.calls.run("begin", [&] { return entry_.plugin.begin(outlet_); });
  in_call_ = false;
  if (!made || *made == nullptr) {
    if (made) entry_.calls.fault("begin", "made no session");
    return turn_away(500, "internal error");
  }
  session_ = std::move(*made);
  phase_ = Phase::kServed;
  const std::unique_ptr<Entering> entered = std::exchange(entering_, nullptr);
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
  if (!actions_.empty()) act_later();
}

// --- Actions

void ForeignPeer::act_later() {
  if (acting_ || acts_later_ || actions_.empty()) return;
  acts_later_ = true;
  loop().post([&loop = loop(), ref = ref()] {
    Session* session = find_session(loop, ref);
    if (session == nullptr || !session->foreign) return;
    auto& there = *static_cast<ForeignPeer*>(session);
    there.acts_later_ = false;
    there.act();
  });
}

void ForeignPeer::act() {
  if (acting_ || in_call_) return;
  acting_ = true;
  const auto may_go_on = [&] {
    return phase_ == Phase::kServed && transport() != nullptr && !transport()->closing() &&
           !transport()->paused();
  };
  while (!actions_.empty() && may_go_on()) {
    Action action = std::move(actions_.front());
    actions_.pop_front();
    perform(action);
  }
  acting_ = false;
  if (actions_.empty() && (transport() == nullptr || !transport()->paused())) paid_ = false;
}

void ForeignPeer::perform(Action& action) {
  switch (action.kind) {
    case Action::Kind::kSay:
      return perform_say(action.text);
    case Action::Kind::kDirect:
      return perform_direct(action);
    case Action::Kind::kBroadcast:
      return perform_broadcast(action);
    case Action::Kind::kCount:
      return perform_count(action);
    case Action::Kind::kClose:
      return Session::close(CloseCode::kNormal, {});
  }
}

bool ForeignPeer::pay(const Message& message) {
  return std::exchange(paid_, false) || peer::pay({node(), *this, message});
}

void ForeignPeer::perform_say(std::string& text) {
  if (!is_sound("say", text, false)) return;
  text.reserve(text.size() + kReadPadding);
  Message message;
  const auto problem = home().parser.parse(text, message);
  const Call call{node(), *this, message};
  handling = message.type;
  if (!pay(message)) return;
  if (problem) {
    entry_.calls.fault("say", "said what is no message: " + std::string(*problem));
    return call.error(400, *problem);
  }
  home().messages[static_cast<std::size_t>(message.type)].add();
  handle_message(call);
}

void ForeignPeer::perform_broadcast(const Action& action) {
  handling = MessageType::kBroadcast;
  if (!is_sound("broadcast", action.payload, true) || !is_sound("broadcast", action.text, false)) {
    return;
  }
  Message message;
  message.type = MessageType::kBroadcast;
  if (!pay(message)) return;
  const Call call{node(), *this, message};
  if (!may_enter(*this, action.text)) return call.error(403, "not allowed");
  home().messages[static_cast<std::size_t>(message.type)].add();
  broadcast_to(call, action.text, action.payload);
}

void ForeignPeer::perform_count(Action& action) {
  Node& node = this->node();
  node.others.list(loop(), action.text, std::nullopt, 1, false,
                   [&node, operation = hold(), ns = action.text,
                    then = std::move(action.then)](const std::optional<sdk::MemberPage>& page) {
                     Session* session = session_of(operation);
                     if (session == nullptr || !then) return;
                     auto& there = *static_cast<ForeignPeer*>(session);
                     if (there.phase_ != Phase::kServed) return;
                     const std::uint64_t members =
                         page ? page->total : node.namespaces.list(ns, std::nullopt, {0, 0}).total;
                     there.importance_ = Importance::kAnswer;
                     there.call("count_members", [&] { then(members); });
                   });
}

void ForeignPeer::perform_direct(Action& action) {
  handling = MessageType::kSignal;
  if (!is_sound("direct", action.payload, true) || !pay(Message())) return;
  home().messages[static_cast<std::size_t>(MessageType::kSignal)].add();
  if (direct_ == nullptr) direct_ = std::make_unique<DirectMail>(*this);
  direct_->send(std::move(action.text), std::move(action.payload), action.wait);
}

void ForeignPeer::go_on(const Fingerprint& target, bool is_over) {
  if (direct_ != nullptr) direct_->go_on(target, is_over);
}

void ForeignPeer::tell_undelivered(std::string_view missing) {
  if (phase_ != Phase::kServed) return;
  call("undelivered", [&] { session_->undelivered(missing); });
  act_later();
}

}  // namespace peer
