#include "core/match/shared_queues.h"

#include <gmock/gmock.h>

#include "core/base/time.h"
#include "tests/unit/match/now.h"
#include "tests/unit/match/test_strategy.h"

namespace peer {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class SharedQueuesTest : public testing::Test {
 protected:
  void add(sdk::TicketId id, sdk::Instant enqueued = {}) {
    sdk::SharedTicket ticket;
    ticket.id = id;
    ticket.enqueued = enqueued;
    queues_.add("lobby", ticket, MatchRequest());
  }
  std::vector<std::vector<sdk::TicketId>> propose() {
    std::vector<std::vector<sdk::TicketId>> groups;
    for (auto& proposal : queues_.propose("lobby", kNow)) {
      groups.push_back(std::move(proposal.tickets));
    }
    return groups;
  }

  test::TestStrategy strategy_;
  PluginCalls calls_{"match_strategy", "test"};
  SharedQueues queues_{ByNamespace<sdk::MatchStrategy>(strategy_, calls_)};
};

TEST_F(SharedQueuesTest, GroupsAreProposedInTheOrderOfArrivalWhateverTheIds) {
  for (const sdk::TicketId id : {900U, 3U, 70U, 5U}) add(id);
  EXPECT_THAT(propose(), ElementsAre(ElementsAre(900, 3), ElementsAre(70, 5)));
}

TEST_F(SharedQueuesTest, WhoComesBackHasItsOldPlace) {
  add(1, kNow);
  add(2, kNow + milliseconds(1));
  queues_.remove("lobby", 1);
  add(3, kNow + milliseconds(1));
  add(1, kNow);
  add(4, sdk::Instant::max());
  add(5, sdk::Instant::min());
  add(6, sdk::Instant::max());
  EXPECT_THAT(propose(), ElementsAre(ElementsAre(5, 1), ElementsAre(2, 3), ElementsAre(4, 6)));
}

TEST_F(SharedQueuesTest, AProposedTicketIsSetAside) {
  add(1);
  add(2);
  propose();
  add(3);
  EXPECT_THAT(propose(), IsEmpty());
}

TEST_F(SharedQueuesTest, AClaimedGroupIsForgotten) {
  add(1);
  add(2);
  propose();
  queues_.conclude("lobby", {1, 2}, {});
  add(1);
  add(3);
  EXPECT_THAT(propose(), ElementsAre(ElementsAre(1, 3)));
}

TEST_F(SharedQueuesTest, OfAGroupThatCouldNotBeClaimedTheRestWaitsOn) {
  add(1);
  add(2);
  propose();
  queues_.conclude("lobby", {1, 2}, {1});
  EXPECT_THAT(propose(), IsEmpty());
  add(3);
  EXPECT_THAT(propose(), ElementsAre(ElementsAre(2, 3)));
}

TEST_F(SharedQueuesTest, ATicketThatEndsWhileItIsProposedDoesNotComeBack) {
  add(1);
  add(2);
  propose();
  queues_.remove("lobby", 1);
  queues_.conclude("lobby", {1, 2}, {1});
  add(3);
  EXPECT_THAT(propose(), ElementsAre(ElementsAre(2, 3)));
}

TEST_F(SharedQueuesTest, ATicketWaitsWhileItIsInNoProposal) {
  EXPECT_FALSE(queues_.waits("lobby", 1));
  add(1);
  EXPECT_TRUE(queues_.waits("lobby", 1));
  add(2);
  propose();
  EXPECT_FALSE(queues_.waits("lobby", 1));
  queues_.conclude("lobby", {1, 2}, {2});
  EXPECT_TRUE(queues_.waits("lobby", 1));
  EXPECT_FALSE(queues_.waits("lobby", 2));
}

TEST_F(SharedQueuesTest, AKnownTicketIsIgnored) {
  add(1);
  add(1);
  EXPECT_THAT(propose(), IsEmpty());
}

TEST_F(SharedQueuesTest, AQueueOfAnotherNodeIsForgotten) {
  add(1);
  queues_.forget("lobby");
  queues_.conclude("lobby", {1}, {});
  add(2);
  EXPECT_THAT(propose(), IsEmpty());
}

TEST_F(SharedQueuesTest, AGroupThatMakesNoSenseLosesNoTicket) {
  strategy_.on_form_groups = [](std::vector<sdk::MatchGroup>& groups) {
    groups = {{{1, 1}}, {{1, 99}}};
  };
  add(10);
  add(20);
  EXPECT_THAT(propose(), IsEmpty());
  EXPECT_EQ(calls_.counts().errors, 2U);
  strategy_.on_form_groups = nullptr;
  EXPECT_THAT(propose(), ElementsAre(ElementsAre(10, 20)));
}

TEST_F(SharedQueuesTest, ATicketThatTheStrategyDoesNotTakeIsDropped) {
  strategy_.on_add = [] { throw std::runtime_error("no"); };
  add(1);
  strategy_.on_add = nullptr;
  add(2);
  EXPECT_THAT(propose(), IsEmpty());
}

TEST_F(SharedQueuesTest, AStrategyIsAskedAgainAtMost20TimesASecond) {
  strategy_.on_next_change = [](sdk::Instant now) { return std::optional(now); };
  EXPECT_EQ(queues_.next_change("lobby", kNow), std::nullopt);
  add(1);
  EXPECT_EQ(queues_.next_change("lobby", kNow), std::optional(kNow + milliseconds(50)));
}

}  // namespace
}  // namespace peer
