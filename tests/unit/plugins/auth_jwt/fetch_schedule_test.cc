#include "fetch_schedule.h"

#include <gtest/gtest.h>

namespace peer_jwt {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr FetchSchedule::Time kStart{std::chrono::hours(1)};

TEST(FetchScheduleTest, TheFirstIsDueAtOnce) {
  const FetchSchedule schedule(minutes(10));
  EXPECT_LE(schedule.due(), kStart);
}

TEST(FetchScheduleTest, KeysAreFetchedAgainWhenTheyAreOld) {
  FetchSchedule schedule(minutes(10));
  schedule.note_success(kStart);
  EXPECT_EQ(schedule.due(), kStart + minutes(10));
}

TEST(FetchScheduleTest, AnUnknownKeyIsFetchedForOnceInHalfAMinute) {
  FetchSchedule schedule(minutes(10));
  schedule.note_success(kStart);
  EXPECT_FALSE(schedule.want(kStart));
  EXPECT_FALSE(schedule.want(kStart + std::chrono::milliseconds(29'999)));
  EXPECT_EQ(schedule.due(), kStart + minutes(10));
  EXPECT_TRUE(schedule.want(kStart + seconds(30)));
  EXPECT_EQ(schedule.due(), kStart + seconds(30));
}

TEST(FetchScheduleTest, AfterFailuresTheWaitDoublesUpToFiveMinutes) {
  FetchSchedule schedule(minutes(10));
  for (const int wait : {1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300}) {
    schedule.note_failure(kStart);
    EXPECT_EQ(schedule.due(), kStart + seconds(wait));
  }
  schedule.note_success(kStart);
  schedule.note_failure(kStart);
  EXPECT_EQ(schedule.due(), kStart + seconds(1));
}

TEST(FetchScheduleTest, AFailureCountsAsAFetchForAnUnknownKeyToo) {
  FetchSchedule schedule(minutes(10));
  schedule.note_failure(kStart);
  EXPECT_FALSE(schedule.want(kStart + seconds(29)));
}

}  // namespace
}  // namespace peer_jwt
