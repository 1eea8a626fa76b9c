#include "core/admin/history.h"

#include <gmock/gmock.h>

#include "tests/support/json.h"

namespace peer {
namespace {

using namespace std::chrono_literals;
using test::Json;

History::Sample sample_at(std::int64_t at, float peers = 0) {
  History::Sample sample;
  sample.at = at;
  sample[Series::kPeers] = peers;
  return sample;
}

TEST(HistoryTest, AnHourIsASampleInFiveSeconds) {
  EXPECT_EQ(History(1h).interval(), 5s);
  EXPECT_EQ(History(24h).interval(), 2min);
  EXPECT_EQ(History(1s).interval(), 100ms);
}

TEST(HistoryTest, KeepsNoMoreThanItsSpanAndForgetsTheOldest) {
  History hour(1h);
  for (std::int64_t i = 1; i <= 2000; ++i) hour.add(sample_at(i));
  EXPECT_EQ(hour.size(), History::kMostSamples);
  const Json json = Json::parse(hour.to_json(0));
  EXPECT_EQ(json["at"].size(), History::kMostSamples);
  EXPECT_EQ(json["at"][0].number(), 1281);
  EXPECT_EQ(json["at"][719].number(), 2000);
  History second(1s);
  for (std::int64_t i = 1; i <= 2000; ++i) second.add(sample_at(i));
  EXPECT_EQ(second.size(), 10U);
}

TEST(HistoryTest, TellsWhatCameBehindATime) {
  History history(1h);
  for (std::int64_t i = 1; i <= 5; ++i) history.add(sample_at(i * 1000, static_cast<float>(i)));
  const Json json = Json::parse(history.to_json(3000));
  EXPECT_EQ(json["at"].text(), "[4000,5000]");
  EXPECT_EQ(json["series"]["peers"].text(), "[4,5]");
  EXPECT_EQ(json["series"]["lag_ms"].text(), "[0,0]");
  EXPECT_EQ(Json::parse(history.to_json(5000))["at"].text(), "[]");
}

TEST(HistoryTest, NumbersHaveAtMostThreeDigitsBehindThePoint) {
  History history(1h);
  History::Sample sample = sample_at(1, 1'234'567);
  sample[Series::kCpu] = 0.123456F;
  sample[Series::kLagMs] = 0.5F;
  history.add(sample);
  const std::string json = history.to_json(0);
  EXPECT_THAT(json, testing::HasSubstr(R"("peers":[1234567])"));
  EXPECT_THAT(json, testing::HasSubstr(R"("cpu":[0.123])"));
  EXPECT_THAT(json, testing::HasSubstr(R"("lag_ms":[0.5])"));
}

TEST(HistoryTest, EachSeriesHasItsName) {
  EXPECT_EQ(kSeriesNames[static_cast<std::size_t>(Series::kCpu)], "cpu");
  EXPECT_EQ(kSeriesNames[static_cast<std::size_t>(Series::kMatchWaitMs)], "match_wait_ms");
  EXPECT_EQ(static_cast<std::size_t>(Series::kMatchWaitMs), kSeriesNames.size() - 1);
}

}  // namespace
}  // namespace peer
