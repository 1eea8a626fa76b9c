#include "room_play.h"

#include <algorithm>
#include <array>
#include <exception>
#include <utility>

#include "hostile.h"
#include "protocol_types.h"

// A server with one room, small enough to be seen through: it asks a policy what comes next, and
// does what the policy says where a server would. In: a policy and a seed. Out: every question with
// its answer.
namespace peer::sdk::contract {
namespace {

constexpr std::size_t kMaxState = 64 * 1024;
constexpr std::array kRefusalCodes{400, 403, 404, 409, 429};

template <typename List, typename Entry>
bool has(const List& list, const Entry& entry) {
  return std::find(list.begin(), list.end(), entry) != list.end();
}

std::string fault_of(const RoomRefusal& refusal) {
  if (!has(kRefusalCodes, refusal.code)) {
    return "a refusal with code " + std::to_string(refusal.code) +
           ", which is none of 400, 403, 404, 409, 429";
  }
  if (refusal.message.empty()) return "a refusal without words for the client";
  return is_utf8(refusal.message) ? "" : "a refusal in words that are not UTF-8";
}

std::string fault_of(const RoomMessage& message) {
  if (message.type.empty()) return "a message without a type";
  if (is_protocol_type(message.type)) return "a message of the protocol's type " + message.type;
  if (!is_utf8(message.type)) return "a message of a type that is not UTF-8";
  const auto payload = parse_json(message.payload);
  return payload ? "" : "a message of type " + message.type + " with " + payload.error().message;
}

std::string fault_of(const RoomQuestion& question, const RoomOrders& orders,
                     const Fingerprint& owner) {
  const bool is_message = question.action == RoomAction::kMessage;
  if (orders.remove && !is_message) return "a removal that no message has asked for";
  if (orders.remove && (*orders.remove == owner || !has(question.members, *orders.remove))) {
    return "the removal of the owner, or of who is no member";
  }
  const bool may_close =
      is_message || question.action == RoomAction::kLeave || question.action == RoomAction::kTimer;
  if (orders.close && !may_close) return "the end of a room that somebody comes into";
  if (orders.close && !is_utf8(*orders.close)) return "an end for a reason that is not UTF-8";
  return {};
}

/// One room, those who are near it, and the numbers that say what they do next.
class Play {
 public:
  Play(const RoomPolicy& policy, const RoomPolicyCase& with)
      : policy_(policy), types_(policy.message_types()) {
    RoomTraits traits;
    policy.traits(traits);
    hears_strangers_ = traits.hears_strangers && !types_.empty();
    keeps_empty_rooms_ = traits.keeps_empty_rooms;
    const auto all_of = [](const std::vector<Value>& samples) {
      std::vector<std::shared_ptr<const Value>> all;
      for (Value& value : hostile_objects(samples))
        all.push_back(std::make_shared<const Value>(std::move(value)));
      return all;
    };
    create_ = all_of({with.create});
    join_ = all_of({with.join});
    messages_ = all_of(with.messages);
    good_create_ = std::make_shared<const Value>(with.create);
    good_join_ = std::make_shared<const Value>(with.join);
    for (const Value& sample : with.messages)
      good_messages_.push_back(std::make_shared<const Value>(sample));
  }

  RoomMoment next() {
    RoomQuestion question = next_question();
    RoomMoment moment{question, std::nullopt, {}};
    try {
      moment.answer = ask(policy_, question);
    } catch (const std::exception& failure) {
      moment.threw = failure.what();
    } catch (...) {
      moment.threw = "no std::exception";
    }
    if (moment.answer) apply(question, *moment.answer);
    return moment;
  }

 private:
  std::uint32_t below(std::size_t end) { return static_cast<std::uint32_t>(random_() % end); }
  template <typename List>
  const auto& any_of(const List& list) {
    return list[below(list.size())];
  }
  Fingerprint anybody() { return peer_number(1 + below(8)); }

  /// What should do, or half of the time what a stranger sends.
  std::shared_ptr<const Value> fields(const std::shared_ptr<const Value>& good,
                                      const std::vector<std::shared_ptr<const Value>>& hostile) {
    return below(2) == 0 ? good : any_of(hostile);
  }

  RoomQuestion next_question() {
    now_ += std::chrono::milliseconds(below(3) == 0 ? 0 : below(20'000));
    RoomQuestion question = room_;
    question.now = now_;
    question.actor = anybody();
    question.actor_proved = below(2) == 0;
    question.fields = std::make_shared<const Value>(Value{Value::Object{}});
    // A room that waits for members is one like all others, now and then.
    const bool waits = waits_ && below(2) == 0;
    if (room_.members.empty() && !waits) {
      question = RoomQuestion();
      question.room_id = "den " + std::to_string(++rooms_);
      question.now = now_;
      question.actor = anybody();
      question.fields = fields(good_create_, create_);
      return question;
    }
    if (due_ && *due_ <= now_ && !waits) {
      question.action = RoomAction::kTimer;
      question.actor = {};
      question.actor_proved = false;
      return question;
    }
    return of_a_peer(std::move(question));
  }

  RoomQuestion of_a_peer(RoomQuestion question) {
    const bool is_member = has(room_.members, question.actor);
    if (!is_member && hears_strangers_ && below(2) == 0) return say(std::move(question));
    if (!is_member) {
      question.action = RoomAction::kJoin;
      question.fields = fields(good_join_, join_);
      return question;
    }
    const std::uint32_t die = below(8);
    if (die < 2) {
      question.action = RoomAction::kLeave;
      std::erase(question.members, question.actor);
    } else if (die < 4 && room_.members.size() > 1) {
      question.action = RoomAction::kKick;
      do {
        question.target = any_of(room_.members);
      } while (question.target == question.actor);
    } else if (!types_.empty()) {
      return say(std::move(question));
    } else {
      question.action = RoomAction::kLeave;
      std::erase(question.members, question.actor);
    }
    return question;
  }

  RoomQuestion say(RoomQuestion question) {
    question.action = RoomAction::kMessage;
    question.message_type = any_of(types_);
    question.fields =
        good_messages_.empty() || below(2) == 0 ? any_of(messages_) : any_of(good_messages_);
    return question;
  }

  void apply(const RoomQuestion& question, const RoomAnswer& answer) {
    const RoomDecision& decision = answer.decision;
    const bool may_refuse =
        question.action != RoomAction::kLeave && question.action != RoomAction::kTimer;
    const bool stays_as_it_is = answer.check || (decision.refusal && may_refuse) ||
                                !contract::fault_of(question, answer).empty();
    if (question.action == RoomAction::kLeave) room_.members = question.members;
    if (question.action == RoomAction::kTimer) due_.reset();
    if (!stays_as_it_is) become(question, answer);
    waits_ =
        keeps_empty_rooms_ && room_.members.empty() && !answer.orders.close && !room_.state.empty();
  }

  void become(const RoomQuestion& question, const RoomAnswer& answer) {
    const RoomDecision& decision = answer.decision;
    room_ = question;
    room_.owner = decision.owner;
    room_.max_size = decision.max_size;
    room_.state = decision.state;
    due_.reset();
    if (decision.wake_after.count() > 0) due_ = now_ + decision.wake_after;
    if (question.action == RoomAction::kCreate || question.action == RoomAction::kJoin) {
      room_.members.push_back(question.actor);
    }
    if (question.action == RoomAction::kKick) std::erase(room_.members, question.target);
    if (answer.orders.remove) std::erase(room_.members, *answer.orders.remove);
    if (answer.orders.close) room_.members.clear();
  }

  const RoomPolicy& policy_;
  const std::vector<std::string> types_;
  bool hears_strangers_ = false;
  bool keeps_empty_rooms_ = false;
  bool waits_ = false;  // the room has no members, and lives
  std::vector<std::shared_ptr<const Value>> create_, join_, messages_, good_messages_;
  std::shared_ptr<const Value> good_create_, good_join_;
  std::mt19937 random_{18};  // NOLINT: the same each time
  RoomQuestion room_;
  Instant now_ = kSomeDay;
  std::optional<Instant> due_;
  int rooms_ = 0;
};

std::string hex_of(const Fingerprint& peer) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : peer.bytes) {
    text += kHex[byte >> 4U];
    text += kHex[byte & 15U];
  }
  return text;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const RoomQuestion& question) {
  constexpr std::array kNames{"create", "join", "leave", "kick", "message", "timer"};
  const std::string fields = text_of(*question.fields).substr(0, 300);
  return out << kNames[static_cast<std::size_t>(question.action)] << ' ' << question.message_type
             << ' ' << fields << " in a room of " << question.members.size() << " at "
             << question.now.time_since_epoch().count() << " ms";
}

RoomAnswer ask(const RoomPolicy& policy, const RoomQuestion& question) {
  const Fleeting room_id(question.room_id);
  const Fleeting state(question.state);
  const Fleeting type(question.message_type);
  const FleetingValue fields(*question.fields);
  std::vector<Fingerprint> members = question.members;
  const RoomView room{room_id.view(), question.owner, question.max_size, members, state.view()};
  const RoomRequest request{question.action, question.actor, question.target,      type.view(),
                            fields.value(),  question.now,   question.actor_proved};
  RoomAnswer answer;
  if (question.action == RoomAction::kCreate || question.action == RoomAction::kJoin ||
      question.action == RoomAction::kMessage) {
    answer.check = policy.check(request);
  }
  if (!answer.check) answer.decision = policy.decide_and_order(room, request, answer.orders);
  std::fill(members.begin(), members.end(), peer_number(0xDDDDDDDD));
  return answer;
}

std::string description_of(const RoomPolicy& policy, const RoomQuestion& question) {
  const Fleeting room_id(question.room_id);
  const Fleeting state(question.state);
  RoomDescription description;
  policy.describe(
      {room_id.view(), question.owner, question.max_size, question.members, state.view()},
      description);
  return description.updated;
}

std::string entry_of(const RoomPolicy& policy, const RoomQuestion& question) {
  const Fleeting room_id(question.room_id);
  const Fleeting state(question.state);
  RoomEntry entry;
  policy.list({room_id.view(), question.owner, question.max_size, {}, state.view()},
              {question.actor, question.actor_proved, question.now}, entry);
  return entry.shown ? entry.members : "";
}

std::string shown(const RoomAnswer& answer) {
  const RoomDecision& decision = answer.decision;
  if (answer.check || decision.refusal) {
    const RoomRefusal& refusal = answer.check ? *answer.check : *decision.refusal;
    return "refused: " + std::to_string(refusal.code) + ' ' + refusal.message;
  }
  std::string text = "owner " + hex_of(decision.owner) + ", max_size " +
                     std::to_string(decision.max_size) + ", state '" + decision.state +
                     "', wake_after " + std::to_string(decision.wake_after.count());
  for (const RoomMessage& message : decision.messages) {
    text += ", " + message.type + ' ' + message.payload + " to " +
            (message.to ? hex_of(*message.to) : "all");
  }
  const RoomOrders& orders = answer.orders;
  if (orders.remove) text += ", removes " + hex_of(*orders.remove);
  if (orders.close) text += ", closes: " + *orders.close;
  return orders.keeps_owner ? text + ", keeps the owner" : text;
}

std::string fault_of(const RoomQuestion& question, const RoomAnswer& answer) {
  if (answer.check) return fault_of(*answer.check);
  const RoomDecision& decision = answer.decision;
  const bool may_refuse =
      question.action != RoomAction::kLeave && question.action != RoomAction::kTimer;
  if (decision.refusal && may_refuse) return fault_of(*decision.refusal);
  const bool arrives =
      question.action == RoomAction::kCreate || question.action == RoomAction::kJoin;
  const bool is_there =
      has(question.members, decision.owner) || (arrives && decision.owner == question.actor);
  // Who has gone may not become the owner; an owner that has gone already stays it until its leave
  // is decided.
  const bool unchanged = question.action != RoomAction::kCreate && decision.owner == question.owner;
  const bool keeps_who_left = question.action == RoomAction::kLeave &&
                              decision.owner == question.actor && !answer.orders.keeps_owner;
  const bool nobody_left = question.action == RoomAction::kLeave && question.members.empty();
  if (!is_there && !nobody_left && (!unchanged || keeps_who_left))
    return "an owner who is no member";
  if (decision.max_size == 0) return "a max_size of 0";
  if (decision.state.size() > kMaxState) return "more than 64 KiB of state";
  if (decision.wake_after.count() < 0) return "a time to wake up before now";
  for (const RoomMessage& message : decision.messages) {
    if (std::string fault = fault_of(message); !fault.empty()) return fault;
  }
  return fault_of(question, answer.orders, decision.owner);
}

std::vector<RoomMoment> play(const RoomPolicy& policy, const RoomPolicyCase& with,
                             std::size_t steps) {
  std::vector<RoomMoment> moments;
  Play server(policy, with);
  while (moments.size() < steps) moments.push_back(server.next());
  return moments;
}

}  // namespace peer::sdk::contract
