#include "core/dialect/foreign_outlet.h"

#include <algorithm>
#include <utility>

#include "core/base/utf8.h"
#include "core/dialect/foreign_peer.h"
#include "core/dispatch/handlers.h"
#include "core/protocol/json_grammar.h"
#include "core/protocol/json_text.h"

// What a dialect's plugin asks for on behalf of one client, on the client's loop. In: the calls of
// the plugin. What can be answered or sent at once is; the rest becomes actions, which wait until
// the plugin's call has returned. Out: messages of docs/protocol.md, handled as if a native client
// had sent them, one action after the other: while one waits for its answer, the others do, too.
namespace peer {
namespace {

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

// --- Actions

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

}  // namespace peer
