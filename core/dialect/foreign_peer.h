#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <peer/sdk/dialect.h>

#include "core/dialect/dialects.h"
#include "core/dialect/direct_mail.h"
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
class ForeignPeer final : public ForeignSession {
 public:
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
  /// A text that the plugin hears.
  struct Heard {
    std::string_view text{};     ///< empty once the plugin's call has returned
    std::string_view checked{};  ///< the largest object or array in it, once the plugin has read it
  };
  /// What the plugin's session has of this one.
  class Outlet final : public sdk::DialectPeer {
   public:
    explicit Outlet(ForeignPeer& peer) : peer_(peer) {}

    [[nodiscard]] std::string_view id() const noexcept override { return peer_.id; }
    [[nodiscard]] const Fingerprint& fingerprint() const noexcept override {
      return peer_.fingerprint;
    }
    [[nodiscard]] std::string_view home() const noexcept override { return peer_.entry_.home; }
    [[nodiscard]] milliseconds now() const noexcept override;
    [[nodiscard]] std::optional<std::vector<sdk::JsonMemberView>> heard_members()
        const noexcept override;
    bool send(std::string_view text) noexcept override;
    void say(std::string_view message) noexcept override;
    void direct(std::string_view id, std::string_view payload, milliseconds wait) noexcept override;
    void broadcast(std::string_view ns, std::string_view data) noexcept override;
    void count_members(std::string_view ns,
                       std::function<void(std::uint64_t)> then) noexcept override;
    void wake_after(milliseconds time) noexcept override;
    void close() noexcept override;

   private:
    ForeignPeer& peer_;
  };

  /// Calls the plugin. False: it threw, and the connection is closed.
  template <typename Function>
  bool call(const char* name, Function&& function);
  /// In the order in which it was asked for; of more than sdk::kMaxDialectActions in one call the
  /// rest is dropped.
  void add(Action action) noexcept;
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
  /// Makes the plugin's session, which then hears what came too early.
  void begin();
  void tell(const FrameRef& frame, Importance importance);
  bool send_text(std::string_view text, Importance importance);
  [[nodiscard]] bool is_sound(const char* call, std::string_view text, bool is_json);

  DialectEntry& entry_;
  Outlet outlet_{*this};
  Phase phase_ = Phase::kRegistering;
  bool in_call_ = false;
  bool acting_ = false;
  bool acts_later_ = false;
  bool paid_ = false;        ///< by the text that is being heard: the next action
  std::uint32_t asked_ = 0;  ///< by the call that is under way
  Importance importance_ = Importance::kMessage;  ///< of what is sent in it
  /// Of a client on its way in.
  struct Entering {
    Operation hold;
    std::vector<FrameRef> early;  ///< what came before the plugin's session was there
  };

  std::unique_ptr<sdk::DialectSession> session_;
  std::unique_ptr<Entering> entering_;  ///< null: it is in
  Heard* heard_ = nullptr;              ///< while hear() does what that leads to
  /// The JSON that the plugin hears in this call, and may pass on; null: none.
  const std::string_view* told_ = nullptr;
  std::list<Action> actions_;           ///< a list: empty as it mostly is, it takes no memory
  std::unique_ptr<DirectMail> direct_;  ///< since the first
};

}  // namespace peer
