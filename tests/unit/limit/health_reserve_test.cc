#include "core/limit/health_reserve.h"

#include <gtest/gtest.h>

namespace peer {
namespace {

using namespace std::chrono_literals;

class HealthReserveTest : public testing::Test {
 protected:
  int enter_until_refused(bool tls, Time now) {
    int count = 0;
    while (count < 10'000 && reserve_.enter(tls, now)) ++count;
    return count;
  }
  /// As enter_until_refused(), but each goes again at once.
  int pass_until_refused(bool tls, Time now) {
    int count = 0;
    for (; count < 10'000 && reserve_.enter(tls, now); ++count) reserve_.leave();
    return count;
  }

  HealthReserve reserve_;
  const Time now_ = Time(1'000'000ms);
};

TEST_F(HealthReserveTest, HasPlacesForSoManyAtOnce) {
  EXPECT_EQ(enter_until_refused(false, now_), 32);
  reserve_.leave();
  EXPECT_EQ(enter_until_refused(false, now_), 1);
}

TEST_F(HealthReserveTest, HasThemForConnectionsWithTlsToo) {
  EXPECT_EQ(enter_until_refused(true, now_), 32);
}

TEST_F(HealthReserveTest, IsNoWayAroundTheLimitsForThoseThatComeAndGo) {
  EXPECT_EQ(pass_until_refused(false, now_), 320);
  EXPECT_EQ(pass_until_refused(false, now_ + 100ms), 100);
  EXPECT_EQ(pass_until_refused(true, now_ + 200ms), 10) << "a handshake costs ten times as much";
  EXPECT_EQ(pass_until_refused(true, now_ + 1h), 32);
}

}  // namespace
}  // namespace peer
