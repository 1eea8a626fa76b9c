#include "core/room/room_rules.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/base/utf8.h"
#include "core/protocol/json_text.h"
#include "core/protocol/protocol_types.h"

// How far a room policy's verdict is believed. In: a room as it is, a request, the policy (a
// plugin). Out: the verdict, as far as it makes sense; the rest is the plugin's fault, which the
// log names (PluginCalls). Any loop, without a lock: the policy's code runs here. Its words go to
// clients, so they must be UTF-8, and its messages JSON (docs/protocol.md, "Rooms").
namespace peer {
namespace {

constexpr std::size_t kMaxState = 64 * 1024;
constexpr milliseconds kLongestEmpty = std::chrono::hours(24 * 30);

bool is_present(const RoomSnapshot& snapshot, const sdk::RoomRequest& request,
                const Fingerprint& peer) {
  const bool arriving =
      request.action == sdk::RoomAction::kCreate || request.action == sdk::RoomAction::kJoin;
  if (arriving && peer == request.actor) return true;
  return std::find(snapshot.members.begin(), snapshot.members.end(), peer) !=
         snapshot.members.end();
}

const char* fault_of(const RoomSnapshot& snapshot, const sdk::RoomRequest& request,
                     const sdk::RoomDecision& decision, const sdk::RoomOrders& orders) {
  // An owner that has left stays the room's owner until the policy has answered its leave. Until
  // then the policy sees it as the owner, and may keep it.
  const bool unchanged =
      request.action != sdk::RoomAction::kCreate && decision.owner == snapshot.room.owner;
  const bool succession = request.action == sdk::RoomAction::kLeave &&
                          decision.owner == request.actor && !orders.keeps_owner;
  if ((!unchanged || succession) && !is_present(snapshot, request, decision.owner)) {
    return "returned an owner who is no member";
  }
  if (decision.max_size == 0) return "returned a max_size of 0";
  if (decision.state.size() > kMaxState) return "returned more than 64 KiB of state";
  return nullptr;
}

const char* fault_of(const RoomSnapshot& snapshot, const sdk::RoomRequest& request,
                     const sdk::RoomOrders& orders, const Fingerprint& owner) {
  using sdk::RoomAction;
  const bool is_message = request.action == RoomAction::kMessage;
  if (orders.remove &&
      (!is_message || *orders.remove == owner || !is_present(snapshot, request, *orders.remove))) {
    return "removed a peer that may not be removed";
  }
  const bool may_close =
      is_message || request.action == RoomAction::kLeave || request.action == RoomAction::kTimer;
  if (orders.close && !may_close) return "closed a room that somebody comes into";
  return nullptr;
}

const char* fault_of(const sdk::RoomMessage& message) {
  if (is_protocol_type(message.type) || message.type.empty()) {
    return "dropped a message of a type that is the protocol's own";
  }
  if (!is_valid_json(json_string(message.type))) return "dropped a message of a type not in UTF-8";
  if (!is_valid_json(message.payload)) return "dropped a message that is not JSON";
  return nullptr;
}

/// The codes of which clients know what they mean (docs/protocol.md, "Errors").
constexpr std::array kRefusalCodes{400, 403, 404, 409, 429};

/// Makes of the policy's refusal what a client may hear. Returns false when it has none of the
/// codes: the decision makes no sense.
bool accept(sdk::RoomRefusal& refusal, PluginCalls& calls) {
  const bool known =
      std::find(kRefusalCodes.begin(), kRefusalCodes.end(), refusal.code) != kRefusalCodes.end();
  if (!known) {
    calls.fault("decide", "refused with code " + std::to_string(refusal.code) +
                              ", which is none of 400, 403, 404, 409, 429");
    return false;
  }
  if (!is_valid_utf8(refusal.message)) {
    calls.fault("decide", "refused in words that are not UTF-8");
    refusal.message = "refused";
  }
  return true;
}

/// Drops the messages that no client could read; the decision counts without them.
void drop_bad_messages(std::vector<sdk::RoomMessage>& messages, PluginCalls& calls) {
  std::erase_if(messages, [&calls](const sdk::RoomMessage& message) {
    const char* fault = fault_of(message);
    if (fault != nullptr) calls.fault("decide", fault);
    return fault != nullptr;
  });
}

}  // namespace

/// Of the SDK that has the functions of a policy beside decide() and message_types().
constexpr std::uint32_t kOrdersRevision = 3;
/// And of lists of rooms.
constexpr std::uint32_t kListsRevision = 6;

RoomVerdict judge(const Served<sdk::RoomPolicy>& by, std::string_view room_id,
                  const RoomSnapshot& snapshot, const sdk::RoomRequest& request) {
  PluginCalls& calls = by.calls;
  RoomVerdict verdict;
  sdk::RoomDecision decision;
  const sdk::RoomView view{room_id, snapshot.room.owner, snapshot.room.max_size, snapshot.members,
                           snapshot.room.state};
  verdict.failed = !calls.run("decide", [&] {
    decision = by.revision < kOrdersRevision
                   ? by.plugin.decide(view, request)
                   : by.plugin.decide_and_order(view, request, verdict.orders);
  });
  if (verdict.failed) return verdict;
  // A peer that leaves has gone, and a timer asks for nothing: there is nothing to refuse.
  const bool may_refuse =
      request.action != sdk::RoomAction::kLeave && request.action != sdk::RoomAction::kTimer;
  if (decision.refusal && may_refuse) {
    verdict.failed = !accept(*decision.refusal, calls);
    if (verdict.failed) return verdict;
    verdict.refusal = std::move(decision.refusal);
    return verdict;
  }
  if (verdict.orders.password != sdk::PasswordOrder::kNone) {
    if (request.has_password) return verdict;
    calls.fault("decide", "ordered something with a password that was not given");
    verdict.failed = true;
    return verdict;
  }
  const char* fault = fault_of(snapshot, request, decision, verdict.orders);
  if (fault == nullptr) fault = fault_of(snapshot, request, verdict.orders, decision.owner);
  if (fault != nullptr) {
    calls.fault("decide", fault);
    verdict.failed = true;
    return verdict;
  }
  verdict.room = {decision.owner, decision.max_size, std::move(decision.state)};
  drop_bad_messages(decision.messages, calls);
  verdict.messages = std::move(decision.messages);
  verdict.wake_after = decision.wake_after;
  if (verdict.orders.close && !is_valid_utf8(*verdict.orders.close)) {
    calls.fault("decide", "closed for a reason that is not UTF-8");
    verdict.orders.close = "closed";
  }
  return verdict;
}

std::optional<sdk::RoomRefusal> check(const Served<sdk::RoomPolicy>& by,
                                      const sdk::RoomRequest& request) {
  if (by.revision < kOrdersRevision) return std::nullopt;
  std::optional<sdk::RoomRefusal> refusal;
  by.calls.run("check", [&] { refusal = by.plugin.check(request); });
  if (refusal && !accept(*refusal, by.calls)) return sdk::RoomRefusal{500, "internal error"};
  return refusal;
}

namespace {

// The members of an object that a policy has written, each with a comma before it.
std::string members_of(const std::string& object, PluginCalls& calls, const char* call) {
  if (object.empty() || object == "{}") return {};
  if (!object.starts_with('{') || !object.ends_with('}') || !is_valid_json(object)) {
    calls.fault(call, "described a room by what is no JSON object");
    return {};
  }
  return "," + object.substr(1, object.size() - 2);
}

// What `room_updated` has beside the usual members.
std::string updated_members(const Served<sdk::RoomPolicy>& by, const sdk::RoomView& room) {
  sdk::RoomDescription description;
  by.calls.run("describe", [&] { by.plugin.describe(room, description); });
  return members_of(description.updated, by.calls, "describe");
}

sdk::RoomView view_of(std::string_view room_id, const Room& room,
                      const std::vector<Fingerprint>& members) {
  return {room_id, room.owner, room.max_size, members, room.state};
}

}  // namespace

RoomNews news_of(const Served<sdk::RoomPolicy>& by, std::string_view room_id,
                 const RoomSnapshot& before, const Room& after) {
  RoomNews news;
  news.changed = before.room.owner != after.owner || before.room.max_size != after.max_size;
  if (by.revision < kOrdersRevision) return news;
  if (!news.changed && before.room.state == after.state) return news;
  news.members = updated_members(by, view_of(room_id, after, before.members));
  news.changed = news.changed ||
                 news.members != updated_members(by, view_of(room_id, before.room, before.members));
  return news;
}

void add_consequences(const Served<sdk::RoomPolicy>& by, const sdk::RoomTraits& traits,
                      std::string_view room_id, Room& room) {
  room.listed = false;
  room.keep_empty = {};
  if (by.revision < kListsRevision || (!traits.lists_rooms && !traits.keeps_empty_rooms)) return;
  sdk::RoomDescription description;
  by.calls.run("describe", [&] { by.plugin.describe(view_of(room_id, room, {}), description); });
  room.listed = traits.lists_rooms && description.listed;
  if (!traits.keeps_empty_rooms) return;
  room.keep_empty = std::clamp(description.keep_empty, milliseconds(0), kLongestEmpty);
}

std::optional<std::string> entry_of(const Served<sdk::RoomPolicy>& by, std::string_view room_id,
                                    const Room& room, const sdk::RoomViewer& viewer) {
  if (by.revision < kListsRevision) return std::nullopt;
  sdk::RoomEntry entry;
  const bool done =
      by.calls.run("list", [&] { by.plugin.list(view_of(room_id, room, {}), viewer, entry); });
  if (!done || !entry.shown) return std::nullopt;
  return members_of(entry.members, by.calls, "list");
}

}  // namespace peer
