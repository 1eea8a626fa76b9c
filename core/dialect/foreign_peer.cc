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

// One for each silent client: see docs/decisions.md, "What a silent PeerJS client needs".
static_assert(sizeof(ForeignPeer) <= 280);

constexpr std::size_t kMostEarly = 64;
constexpr std::size_t kMostSpareBytes = 8 * 1024;
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

ForeignPeer& ForeignOutlet::peer() noexcept { return static_cast<ForeignPeer&>(*this); }
const ForeignPeer& ForeignOutlet::peer() const noexcept {
  return static_cast<const ForeignPeer&>(*this);
}

std::string_view ForeignOutlet::id() const noexcept { return peer().id; }

const Fingerprint& ForeignOutlet::fingerprint() const noexcept { return peer().fingerprint; }

std::string_view ForeignOutlet::home() const noexcept { return peer().entry_.home; }

milliseconds ForeignOutlet::now() const noexcept { return peer().loop().now().time_since_epoch(); }

std::optional<std::vector<sdk::JsonMemberView>> ForeignOutlet::heard_members() const noexcept {
  ForeignPeer::Heard* heard = peer().heard_;
  if (heard == nullptr || heard->text.empty()) return std::nullopt;
  auto members = members_of_utf8(heard->text);
  if (members) heard->checked = largest_container(*members);
  return members;
}

bool ForeignOutlet::send(std::string_view text) noexcept {
  return peer().send_text(text, peer().importance_);
}

void ForeignOutlet::say(std::string_view message) noexcept {
  peer().add(ForeignPeer::Action::Kind::kSay, message);
}

void ForeignOutlet::direct(std::string_view id, std::string_view payload,
                           milliseconds wait) noexcept {
  peer().add(ForeignPeer::Action::Kind::kDirect, id, payload,
             std::clamp(wait, milliseconds(0), DialectWaits::kLongest));
}

void ForeignOutlet::broadcast(std::string_view ns, std::string_view data) noexcept {
  peer().add(ForeignPeer::Action::Kind::kBroadcast, ns, data);
}

void ForeignOutlet::count_members(std::string_view ns,
                                  std::function<void(std::uint64_t)> then) noexcept {
  peer().add(ForeignPeer::Action::Kind::kCount, ns, {}, {}, std::move(then));
}

void ForeignOutlet::wake_after(milliseconds time) noexcept {
  constexpr milliseconds kLongest = std::chrono::hours(24 * 365);
  const bool wakes = time > milliseconds(0) && peer().phase_ != ForeignPeer::Phase::kEnded;
  peer().set_wake(wakes ? peer().loop().now() + std::min(time, kLongest) : kNever);
}

void ForeignOutlet::close() noexcept { peer().add(ForeignPeer::Action::Kind::kClose, {}); }

std::list<ForeignPeer::Action>& ForeignPeer::spare_action() {
  static thread_local std::list<Action> spare;
  return spare;
}

void ForeignPeer::add(Action::Kind kind, std::string_view text, std::string_view payload,
                      milliseconds wait, std::function<void(std::uint64_t)> then) noexcept {
  if (phase_ == Phase::kEnded || phase_ == Phase::kRefused) return;
  if (asked_ > sdk::kMaxDialectActions) return;
  if (++asked_ > sdk::kMaxDialectActions) {
    entry_.calls.fault("say", "asks for more than 4096 things in one call; the others are dropped");
    return;
  }
  std::list<Action>& actions = work().actions;
  std::list<Action>& spare = spare_action();
  if (spare.empty()) {
    actions.emplace_back();
  } else {
    actions.splice(actions.end(), spare);
  }
  Action& action = actions.back();
  action.kind = kind;
  action.text.assign(text);
  action.payload.assign(payload);
  action.wait = wait;
  action.then = std::move(then);
}

ForeignPeer::Work& ForeignPeer::work() {
  if (work_ == nullptr) work_ = std::make_unique<Work>();
  return *work_;
}

bool ForeignPeer::is_sound(const char* call, std::string_view text, bool is_json) {
  const std::size_t most = loop().options().max_message_size + kRoomForWords;
  const char* fault = nullptr;
  if (text.size() > most) {
    fault = "gave a text that is too long";
  } else if (heard_ != nullptr && !text.empty() && text.data() == heard_->told.data() &&
             text.size() == heard_->told.size()) {
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

// --- Actions

void ForeignPeer::act_later() {
  if (acting_ || acts_later_ || !has_actions()) return;
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
  while (has_actions() && may_go_on()) {
    std::list<Action> now;
    now.splice(now.end(), work_->actions, work_->actions.begin());
    Action& action = now.front();
    perform(action);
    const bool is_small = action.text.capacity() + action.payload.capacity() <= kMostSpareBytes;
    if (!is_small || !spare_action().empty()) continue;
    action.then = nullptr;
    spare_action().splice(spare_action().end(), now);
  }
  acting_ = false;
  if (!has_actions() && (transport() == nullptr || !transport()->paused())) paid_ = false;
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
  const bool was_paid = paid_;
  paid_ = false;
  return was_paid || peer::pay({node(), *this, message});
}

void ForeignPeer::perform_say(std::string& text) {
  if (!is_sound("say", text, false)) return;
  // What it says may show it to others.
  if (!has_meta_) meta.merge(own_meta());
  has_meta_ = true;
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
  if (!action.then) return;
  Node& node = this->node();
  if (in_unlisted && action.text == entry_.home) {
    const std::uint64_t members = node.namespaces.list(entry_.home, std::nullopt, {0, 0}).total;
    importance_ = Importance::kAnswer;
    call("count_members", [&] { action.then(members); });
    return;
  }
  node.others.list(loop(), action.text, std::nullopt, 1, false,
                   [&node, operation = hold(), ns = action.text,
                    then = std::move(action.then)](const std::optional<sdk::MemberPage>& page) {
                     Session* session = session_of(operation);
                     if (session == nullptr) return;
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
  std::unique_ptr<DirectMail>& mail = work().direct;
  if (mail == nullptr) mail = std::make_unique<DirectMail>(*this);
  mail->send(action.text, action.payload, action.wait);
}

void ForeignPeer::go_on(const Fingerprint& target, bool is_over) {
  if (work_ != nullptr && work_->direct != nullptr) work_->direct->go_on(target, is_over);
}

void ForeignPeer::tell_undelivered(std::string_view missing) {
  if (phase_ != Phase::kServed) return;
  call("undelivered", [&] { session_->undelivered(missing); });
  act_later();
}

}  // namespace peer
