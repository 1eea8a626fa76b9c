#include <peer/sdk/contract/room_policy_contract.h>

#include <algorithm>
#include <set>
#include <thread>

#include "hostile.h"
#include "process.h"
#include "protocol_types.h"
#include "room_play.h"

// What every room policy is held to. In: a RoomPolicyCase, which names the plugin and how a room of
// it is made. Out: gtest failures. A policy is pure: the tests ask the same question again, of
// another object, in another order and on other threads, and compare the decisions.
namespace peer::sdk::contract {
namespace {

constexpr std::size_t kSteps = 3000;

RoomQuestion creation(const RoomPolicyCase& with) {
  RoomQuestion question;
  question.actor = peer_number(1);
  question.fields = std::make_shared<const Value>(with.create);
  question.now = kSomeDay;
  return question;
}

/// What somebody else asks of the room that `decision` has made.
RoomQuestion joining(const RoomPolicyCase& with, const RoomDecision& decision) {
  RoomQuestion question;
  question.owner = decision.owner;
  question.max_size = decision.max_size;
  question.state = decision.state;
  question.members = {peer_number(1)};
  question.action = RoomAction::kJoin;
  question.actor = peer_number(2);
  question.fields = std::make_shared<const Value>(with.join);
  question.now = kSomeDay;
  return question;
}

/// The same question, asked again.
std::string answer_to(const RoomPolicy& policy, const RoomQuestion& question) {
  try {
    return shown(ask(policy, question));
  } catch (...) {
    return "it threw";
  }
}

std::string answer_of(const RoomMoment& moment) {
  return moment.answer ? shown(*moment.answer) : "it threw";
}

}  // namespace

TEST_P(RoomPolicyContract, ARoomIsCreatedAndJoined) {
  const Made<RoomPolicy> policy = make<RoomPolicy>(GetParam().plugin);
  const RoomQuestion create = creation(GetParam());
  const RoomAnswer created = ask(*policy, create);
  ASSERT_FALSE(created.check || created.decision.refusal) << shown(created);
  EXPECT_EQ(fault_of(create, created), "");
  const RoomQuestion join = joining(GetParam(), created.decision);
  const RoomAnswer joined = ask(*policy, join);
  ASSERT_FALSE(joined.check || joined.decision.refusal) << shown(joined);
  EXPECT_EQ(fault_of(join, joined), "");
}

TEST_P(RoomPolicyContract, DecisionsMakeSenseWhateverClientsSend) {
  const Made<RoomPolicy> policy = make<RoomPolicy>(GetParam().plugin);
  for (const RoomMoment& moment : play(*policy, GetParam(), kSteps)) {
    ASSERT_TRUE(moment.answer) << "it threw '" << moment.threw << "': " << moment.question;
    ASSERT_EQ(fault_of(moment.question, *moment.answer), "") << moment.question;
  }
}

// The server asks again when the room has changed meanwhile, and any node of a cluster may be the
// one that asks: each asks an object of its own, at a time of its own, and keeps nothing between
// two calls.
TEST_P(RoomPolicyContract, TheSameInputGivesTheSameDecision) {
  const Made<RoomPolicy> one = make<RoomPolicy>(GetParam().plugin);
  const Made<RoomPolicy> other = make<RoomPolicy>(GetParam().plugin);
  std::vector<RoomMoment> moments = play(*one, GetParam(), kSteps);
  std::reverse(moments.begin(), moments.end());
  std::chrono::hours ahead{0};
  for (const RoomMoment& moment : moments) {
    // The clock of a node is not the time that the question was asked at.
    other.host->set_ahead(++ahead);
    ASSERT_EQ(answer_to(*other, moment.question), answer_of(moment)) << moment.question;
    ASSERT_EQ(answer_to(*one, moment.question), answer_of(moment)) << moment.question;
  }
}

TEST_P(RoomPolicyContract, SeveralThreadsGetTheSameDecisions) {
  const Made<RoomPolicy> policy = make<RoomPolicy>(GetParam().plugin);
  const std::vector<RoomMoment> moments = play(*policy, GetParam(), kSteps / 4);
  std::array<std::size_t, 4> wrong{};
  std::vector<std::thread> threads;
  threads.reserve(wrong.size());
  for (std::size_t& count : wrong) {
    threads.emplace_back([&] {
      for (const RoomMoment& moment : moments)
        count += answer_to(*policy, moment.question) != answer_of(moment);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, (std::array<std::size_t, 4>{}));
}

// Rooms outlive a server where nodes share them: the next one may have another policy, or a newer
// one.
TEST_P(RoomPolicyContract, AStateThatIsNotItsOwnDoesNoHarm) {
  const Made<RoomPolicy> policy = make<RoomPolicy>(GetParam().plugin);
  RoomDecision room;
  room.owner = peer_number(1);
  room.max_size = 20;
  const std::string own = ask(*policy, creation(GetParam())).decision.state;
  for (const std::string& state : {std::string(), std::string("{}"), std::string(1, '\0'),
                                   std::string("\xFF\xFE\x00\x01", 4), std::string(64 * 1024, '9'),
                                   std::string("-1 "), own.substr(0, own.size() / 2), own + own}) {
    room.state = state;
    RoomQuestion question = joining(GetParam(), room);
    for (const RoomAction action :
         {RoomAction::kJoin, RoomAction::kLeave, RoomAction::kKick, RoomAction::kTimer}) {
      question.action = action;
      question.target = peer_number(1);
      static_cast<void>(
          answer_to(*policy, question));  // it may throw, and must not end the process
    }
  }
}

TEST_P(RoomPolicyContract, ItsMessageTypesAreItsOwn) {
  const Made<RoomPolicy> policy = make<RoomPolicy>(GetParam().plugin);
  const std::vector<std::string> types = policy->message_types();
  for (const std::string& type : types) {
    EXPECT_TRUE(!type.empty() && is_utf8(type) && !is_protocol_type(type))
        << "'" << type << "' is empty, not UTF-8, or a message type of the protocol";
  }
  EXPECT_EQ(std::set<std::string>(types.begin(), types.end()).size(), types.size())
      << "a type stands twice";
  EXPECT_EQ(policy->message_types(), types) << "the answer is the same each time";
}

// Members hear `room_updated` when it changes: from any node, of the same room the same.
TEST_P(RoomPolicyContract, ARoomIsDescribedByAnObject) {
  const Made<RoomPolicy> one = make<RoomPolicy>(GetParam().plugin);
  const Made<RoomPolicy> other = make<RoomPolicy>(GetParam().plugin);
  for (const RoomMoment& moment : play(*one, GetParam(), kSteps / 4)) {
    if (moment.question.members.empty()) continue;
    const std::string description = description_of(*one, moment.question);
    const auto object = parse_json(description.empty() ? "{}" : description);
    ASSERT_TRUE(object && object->as_object() != nullptr) << description << ": " << moment.question;
    ASSERT_EQ(description_of(*other, moment.question), description) << moment.question;
  }
}

// Of policies whose public rooms are listed.
TEST_P(RoomPolicyContract, APublicRoomIsShownByAnObject) {
  const Made<RoomPolicy> one = make<RoomPolicy>(GetParam().plugin);
  const Made<RoomPolicy> other = make<RoomPolicy>(GetParam().plugin);
  RoomTraits traits;
  one->traits(traits);
  if (!traits.lists_rooms) GTEST_SKIP() << "it lists no rooms";
  for (const RoomMoment& moment : play(*one, GetParam(), kSteps / 4)) {
    if (moment.question.members.empty()) continue;
    const std::string entry = entry_of(*one, moment.question);
    const auto object = parse_json(entry.empty() ? "{}" : entry);
    ASSERT_TRUE(object && object->as_object() != nullptr) << entry << ": " << moment.question;
    ASSERT_EQ(entry_of(*other, moment.question), entry) << moment.question;
  }
}

TEST_P(RoomPolicyContract, ALargeRoomIsDecidedInTime) {
  const Made<RoomPolicy> policy = make<RoomPolicy>(GetParam().plugin);
  RoomQuestion question = joining(GetParam(), ask(*policy, creation(GetParam())).decision);
  for (std::uint32_t i = 3; i < 1000; ++i) question.members.push_back(peer_number(i));
  for (const RoomAction action :
       {RoomAction::kJoin, RoomAction::kLeave, RoomAction::kKick, RoomAction::kTimer}) {
    question.action = action;
    question.target = peer_number(999);
    EXPECT_LE(shortest_of_five([&] { static_cast<void>(answer_to(*policy, question)); }),
              longest_call())
        << question;
  }
}

}  // namespace peer::sdk::contract
