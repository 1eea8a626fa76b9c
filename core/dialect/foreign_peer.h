#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <peer/sdk/dialect.h>

#include "core/dialect/dialects.h"
#include "core/dialect/direct_mail.h"
#include "core/dialect/foreign_outlet.h"
#include "core/net/operation.h"
#include "core/session/foreign_session.h"

namespace peer {

/// The session of a client that speaks a dialect: what stands between its connection and the
/// handlers. A text goes to the plugin, which says messages of docs/protocol.md in its stead; what
/// is sent to the session goes to the plugin, which sends the client its own words. No call into
/// the plugin begins within another one of its calls: what it asks for is done when that has
/// returned.
///
/// Threading, ownership: as Session.
class ForeignPeer final : public ForeignSession, private ForeignOutlet {
 public:
  // As of a session: a ForeignOutlet has such names for the plugin.
  using ForeignSession::id;
  using Session::close;
  using Session::fingerprint;
  using Session::home;
  using Session::send;

  /// `entry` outlives it.
  ForeignPeer(Connection& connection, LoopState& home, DialectEntry& entry);

  // For Dialects and DialectWaits.

  /// Registers it, has it join the namespace of its realm, and makes the plugin's session.
  void enter(const sdk::DialectEntry& who);
  /// The client hears this, if it is anything, and an empty close.
  void reject(std::string_view text);
  /// What waits for `target` is tried again; `is_over`: for the last time.
  void go_on(const Fingerprint& target, bool is_over);

  // For DirectMail.

  [[nodiscard]] Node& node() const { return *home().node; }
  [[nodiscard]] DialectEntry& entry() const { return entry_; }
  /// What was for this foreign id has waited in vain.
  void tell_undelivered(std::string_view missing);

  // ForeignSession.

  void hear(std::string_view text) override;
  void finish() override;
  void wake() override;
  [[nodiscard]] std::string_view unlisted_home() const override {
    return entry_.is_listed ? std::string_view() : entry_.home;
  }
  [[nodiscard]] std::string own_meta() const override;

  // ApplicationSession.

  SendResult translate(const FrameRef& frame, Importance importance) override;
  void on_closing(CloseCode code, std::string_view reason) override;
  void on_resumed() override;

 private:
  enum class Phase : std::uint8_t {
    kRegistering,  ///< nothing of the plugin's hears anything yet
    kJoining,
    kServed,  ///< the plugin's session is there
    kRefused,
    kEnded,
  };
  /// What the plugin has asked for.
  struct Action {
    enum class Kind : std::uint8_t { kSay, kDirect, kBroadcast, kCount, kClose };
    Kind kind = Kind::kSay;
    std::string text;  ///< message, foreign id or namespace
    std::string payload{};
    milliseconds wait{0};
    std::function<void(std::uint64_t)> then{};
  };
  /// What the plugin hears in the call that is under way, and what that leads to.
  struct Heard {
    std::string_view text{};     ///< of the client; empty once the plugin's call has returned
    std::string_view checked{};  ///< the largest object or array in it, once the plugin has read it
    std::string_view told{};     ///< JSON of another peer, which may be passed on as it is
  };
  /// While it lives, the call that is under way hears this.
  class HeardNow {
   public:
    HeardNow(Heard*& where, Heard& heard) : where_(where), before_(std::exchange(where, &heard)) {}
    ~HeardNow() { where_ = before_; }
    HeardNow(const HeardNow&) = delete;
    HeardNow& operator=(const HeardNow&) = delete;

   private:
    Heard*& where_;
    Heard* const before_;
  };
  /// Of a client on its way in.
  struct Entering {
    Operation hold;
    std::vector<FrameRef> early;  ///< what came before the plugin's session was there
  };
  /// What a silent client needs nothing of.
  struct Work {
    std::unique_ptr<Entering> entering;  ///< null: it is in
    std::list<Action> actions;           ///< a list: empty as it mostly is, it takes no memory
    std::unique_ptr<DirectMail> direct;  ///< since the first
  };
  /// Calls the plugin. False: it threw, and the connection is closed.
  template <typename Function>
  bool call(const char* name, Function&& function);
  /// In the order in which it was asked for; of more than sdk::kMaxDialectActions in one call the
  /// rest is dropped.
  void add(Action::Kind kind, std::string_view text, std::string_view payload = {},
           milliseconds wait = {}, std::function<void(std::uint64_t)> then = {}) noexcept;
  /// Of this loop: the memory of an action that is done, for the next one, or nothing. Nearly every
  /// message is an action.
  static std::list<Action>& spare_action();
  /// Does what has been asked for, up to what has to be waited for. Not within another handler.
  void act();
  /// As a task: where a handler that goes on has led here.
  void act_later();
  void perform(Action& action);
  void perform_say(std::string& text);
  void perform_direct(Action& action);
  void perform_broadcast(const Action& action);
  void perform_count(Action& action);
  /// A token for each action, but for the first that a text of the client leads to: that has been
  /// paid for with the text.
  [[nodiscard]] bool pay(const Message& message);
  void refuse(int code, std::string_view message);
  void turn_away(int code, std::string_view message);
  /// A frame on the way in: the answer that it waits for, an error, or something for later.
  void hear_entering(const FrameRef& frame);
  /// The next step: joins the namespace of the realm, or begins.
  void go_in();
  void go_in_unlisted();
  [[nodiscard]] Work& work();
  [[nodiscard]] bool has_actions() const { return work_ != nullptr && !work_->actions.empty(); }
  /// Makes the plugin's session, which then hears what came too early.
  void begin();
  void tell(const FrameRef& frame, Importance importance);
  bool send_text(std::string_view text, Importance importance);
  [[nodiscard]] bool is_sound(const char* call, std::string_view text, bool is_json);

  // In an order that leaves no gaps.
  Phase phase_ = Phase::kRegistering;
  Importance importance_ = Importance::kMessage;  ///< of what is sent in the call under way
  std::uint16_t asked_ = 0;                       ///< by the call that is under way
  bool in_call_ : 1 = false;
  bool acting_ : 1 = false;
  bool acts_later_ : 1 = false;
  bool paid_ : 1 = false;  ///< by the text that is being heard: the next action
  bool has_meta_ : 1 = false;
  DialectEntry& entry_;
  std::unique_ptr<sdk::DialectSession> session_;
  Heard* heard_ = nullptr;      ///< null: no call of hear() or tell() is under way
  std::unique_ptr<Work> work_;  ///< null: there is nothing of it

  friend class ForeignOutlet;
};

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

}  // namespace peer
