#include <algorithm>
#include <chrono>
#include <stdexcept>

#include <peer/sdk/room_policy.h>

#include "fault.h"

namespace {

using namespace peer::sdk;
using faulty::is;

/// Rooms of four, in which `say {room_id, text}` is told to all. The state is what was said last.
class FaultyRooms final : public RoomPolicy {
 public:
  std::vector<std::string> message_types() const override {
    if (is("takes_join")) return {"join"};
    return {"say"};
  }

  std::optional<RoomRefusal> check(const RoomRequest& request) const override {
    const bool has_text = request.fields.find("text") != nullptr;
    if (request.action == RoomAction::kMessage && !has_text && is("checks_with_unknown_code")) {
      return RoomRefusal{402, "pay first"};
    }
    return std::nullopt;
  }

  RoomDecision decide_and_order(const RoomView& room, const RoomRequest& request,
                                RoomOrders& orders) const override {
    if (is("closes_at_a_join") && request.action == RoomAction::kJoin) orders.close = "closed";
    if (is("closes_in_no_utf8") && request.action == RoomAction::kTimer) orders.close = "\xFF";
    if (is("removes_its_owner") && request.action == RoomAction::kMessage) {
      orders.remove = room.owner;
    }
    RoomDecision decision = decide(room, request);
    if (is("closes_in_no_utf8")) decision.wake_after = std::chrono::milliseconds(1);
    return decision;
  }

  void describe(const RoomView&, RoomDescription& description) const override {
    description.updated = is("describes_by_a_list") ? "[]" : R"({"kind":"faulty"})";
  }

  void traits(RoomTraits& traits) const override { traits.lists_rooms = true; }
  void list(const RoomView&, const RoomViewer&, RoomEntry& entry) const override {
    entry.shown = true;
    entry.members = is("shows_a_number") ? "7" : R"({"kind":"faulty"})";
  }

  RoomDecision decide(const RoomView& room, const RoomRequest& request) const override {
    RoomDecision decision{.refusal = {},
                          .owner = room.owner,
                          .max_size = 4,
                          .state = std::string(room.state),
                          .messages = {}};
    if (request.action == RoomAction::kCreate) decision.owner = request.actor;
    if (request.action == RoomAction::kJoin && room.members.size() >= 4)
      decision.refusal = {429, "room full"};
    if (request.action == RoomAction::kKick) decision.refusal = {403, "nobody is kicked here"};
    if (request.action == RoomAction::kLeave && request.actor == room.owner &&
        !room.members.empty()) {
      decision.owner = room.members.front();
    }
    if (request.action == RoomAction::kMessage) say(request, decision);
    spoil(room, request, decision);
    return decision;
  }

 private:
  static void say(const RoomRequest& request, RoomDecision& decision) {
    const Value* text = request.fields.find("text");
    if (text == nullptr || text->as_string() == nullptr || text->as_string()->size() > 100) {
      if (is("throws_at_strangers")) throw std::runtime_error("no text");
      decision.refusal = {400, "text must be a short string"};
      return;
    }
    decision.state = *text->as_string();
    decision.messages.push_back(
        {std::nullopt, is("protocol_message") ? "matched" : "said", is("no_json") ? "{" : "{}"});
  }

  void spoil(const RoomView& room, const RoomRequest& request, RoomDecision& decision) const {
    if (is("refuses_all")) decision.refusal = {403, "no"};
    if (is("owner_is_a_stranger")) decision.owner = {};
    if (is("no_size")) decision.max_size = 0;
    if (is("much_state")) decision.state.assign(64 * 1024 + 1, 'x');
    if (is("wakes_before_now")) decision.wake_after = std::chrono::milliseconds(-1);
    if (decision.refusal && is("unknown_code")) decision.refusal->code = 418;
    if (decision.refusal && is("no_words")) decision.refusal->message.clear();
    if (decision.refusal && is("words_not_utf8")) decision.refusal->message = "\xFF";
    if (is("counts")) decision.state = std::to_string(++calls_);
    if (is("keeps_views")) keep(room, decision);
    if (is("reads_the_clock"))
      decision.state = std::to_string(std::chrono::steady_clock::now().time_since_epoch().count());
    if (is("reads_the_hour")) {
      const auto hours = faulty::its_host->now().time_since_epoch() / std::chrono::hours(1);
      decision.state = std::to_string(hours);
    }
    if (is("knows_its_thread")) decision.state = faulty::thread_name();
    if (is("trusts_its_state") && !room.state.empty() && room.state.front() == '\xFF') std::abort();
    if (is("slow_when_full") && room.members.size() > 900) faulty::take_too_long();
    static_cast<void>(request);
  }

  /// The state of the call before.
  void keep(const RoomView& room, RoomDecision& decision) const {
    decision.state = std::string(kept_.substr(0, 8));
    kept_ = room.room_id;
  }

  mutable int calls_ = 0;
  mutable std::string_view kept_;
};

}  // namespace

PEER_PLUGIN(peer::sdk::RoomPolicy, "faulty", "1.0.0", (faulty::make<RoomPolicy, FaultyRooms>))
