#include "core/base/soon.h"

#include <gtest/gtest.h>

namespace peer {
namespace {

using std::chrono::hours;

TEST(SoonTest, IsNeverAtFirst) {
  const Time now{milliseconds(1'000)};
  EXPECT_TRUE(Soon().is_never());
  EXPECT_EQ(Soon().at(now), kNever);
  EXPECT_TRUE(Soon(kNever).is_never());
}

// Whatever the lowest 32 bits of the clock are, which begin anew every 49 days.
TEST(SoonTest, IsTheTimeThatItWasMadeOfFor24DaysBothWays) {
  for (const Time now : {Time(milliseconds(0x7fff'ff00)), Time(milliseconds(0xffff'ff00)),
                         Time(milliseconds(0x1'0000'0100)), Time(milliseconds(0x5'8000'0001))}) {
    for (const milliseconds from_now :
         {milliseconds(-24 * hours(24)), milliseconds(-1'000), milliseconds(0), milliseconds(1),
          milliseconds(1'000), milliseconds(24 * hours(24))}) {
      const Time at = now + from_now;
      EXPECT_FALSE(Soon(at).is_never());
      EXPECT_EQ(Soon(at).at(now), at);
    }
  }
}

TEST(SoonTest, ATimeWhoseBitsMeanNeverIsAMillisecondLater) {
  const Time at{milliseconds(0x1'0000'0000)};
  EXPECT_EQ(Soon(at).at(at), at + milliseconds(1));
}

}  // namespace
}  // namespace peer
