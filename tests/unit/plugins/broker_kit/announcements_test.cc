#include "plugins/broker_kit/announcements.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace peer_broker_kit {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class AnnouncementsTest : public testing::Test {
 protected:
  Task note(std::string what) {
    return [this, what = std::move(what)] { done_.push_back(what); };
  }
  void news(const std::string& what) { ASSERT_TRUE(gate_.pass(1, note(what))); }

  EventLoop loop_;
  StreamGate gate_{loop_};
  Announcements announcements_{gate_};
  std::vector<std::string> done_;
};

TEST_F(AnnouncementsTest, WhenTheReplyComesFirstTheOperationEndsAtItsAnnouncement) {
  const std::string token = announcements_.begin();
  announcements_.complete(token, note("joined"));
  news("before");
  EXPECT_THAT(done_, ElementsAre("before"));
  announcements_.take(token);
  news("after");
  EXPECT_THAT(done_, ElementsAre("before", "joined", "after"));
}

TEST_F(AnnouncementsTest, WhenTheAnnouncementComesFirstTheStreamWaitsForTheReply) {
  const std::string token = announcements_.begin();
  news("before");
  announcements_.take(token);
  news("after");
  EXPECT_THAT(done_, ElementsAre("before"));
  announcements_.complete(token, note("joined"));
  EXPECT_THAT(done_, ElementsAre("before", "joined", "after"));
}

TEST_F(AnnouncementsTest, AnAbandonedOperationHoldsNothingBack) {
  const std::string token = announcements_.begin();
  announcements_.take(token);
  news("after");
  announcements_.abandon(token);
  EXPECT_THAT(done_, ElementsAre("after"));
}

TEST_F(AnnouncementsTest, WhenTheStreamIsLostWhatHasItsReplyIsDone) {
  const std::string replied = announcements_.begin();
  const std::string announced = announcements_.begin();
  announcements_.complete(replied, note("joined"));
  announcements_.take(announced);
  announcements_.interrupt();
  news("of the next stream");
  EXPECT_THAT(done_, ElementsAre("joined", "of the next stream"));
}

TEST_F(AnnouncementsTest, TokensOfOthersAreIgnored) {
  announcements_.take("77");
  EXPECT_THAT(done_, IsEmpty());
  EXPECT_TRUE(gate_.is_open());
}

TEST_F(AnnouncementsTest, AHeldStreamStandsStill) {
  const auto hold = announcements_.hold_stream();
  news("later");
  EXPECT_THAT(done_, IsEmpty());
}

}  // namespace
}  // namespace peer_broker_kit
