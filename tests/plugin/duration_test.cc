#include <chrono>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include <peer/sdk/duration.h>

namespace peer::sdk {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

struct Case {
  std::string text;
  std::optional<milliseconds> duration;
};

class DurationTest : public testing::TestWithParam<Case> {};

TEST_P(DurationTest, IsReadExactlyOrNotAtAll) {
  EXPECT_EQ(parse_duration(GetParam().text), GetParam().duration) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(Sums, DurationTest,
                         testing::Values(Case{"1h", 1h}, Case{"10s", 10s}, Case{"35m", 35min},
                                         Case{"7ms", 7ms}, Case{"1m30s", 90s}, Case{"1.5s", 1500ms},
                                         Case{"0.5h", 30min}, Case{"1h1m1s1ms", 3661001ms},
                                         Case{"1s1s", 2s}, Case{"500us500us", 1ms},
                                         Case{"1.001s", 1001ms}, Case{"2.3s", 2300ms},
                                         Case{"0.000000001h", 1ms}, Case{"0s", 0ms},
                                         Case{"8784h", 8784h}));

INSTANTIATE_TEST_SUITE_P(BareNumbersAreMilliseconds, DurationTest,
                         testing::Values(Case{"1500", 1500ms}, Case{"0", 0ms}, Case{"0.5", 1ms},
                                         Case{"007", 7ms}));

INSTANTIATE_TEST_SUITE_P(FractionsOfAMillisecondAreRoundedUp, DurationTest,
                         testing::Values(Case{"1us", 1ms}, Case{"1001us", 2ms},
                                         Case{"0.1us", 1ms}));

INSTANTIATE_TEST_SUITE_P(OtherText, DurationTest,
                         testing::Values(Case{"", {}}, Case{"s", {}}, Case{"-1s", {}},
                                         Case{"+1s", {}}, Case{" 1s", {}}, Case{"1s ", {}},
                                         Case{"1m 30s", {}}, Case{"1d", {}}, Case{"1S", {}},
                                         Case{"1.s", {}}, Case{".5s", {}}, Case{".", {}},
                                         Case{"1.2.3s", {}}, Case{"1m30", {}}, Case{"1e3", {}},
                                         Case{"0x10", {}}, Case{"1sx", {}},
                                         Case{"0.1234567890s", {}}, Case{"1,5s", {}},
                                         Case{"1 s", {}}, Case{"1..5s", {}}));

INSTANTIATE_TEST_SUITE_P(MoreThanAYear, DurationTest,
                         testing::Values(Case{"8785h", {}}, Case{"8784h1us", {}},
                                         Case{"9223372036854775807", {}},
                                         Case{"9223372036854775808h", {}},
                                         Case{"99999999999999999999999999999999999999s", {}},
                                         Case{"31622400.999999999h", {}}));

TEST(FormatDurationTest, IsTheShortestTextThatReadsBack) {
  EXPECT_EQ(format_duration(0ms), "0s");
  EXPECT_EQ(format_duration(1ms), "1ms");
  EXPECT_EQ(format_duration(90s), "1m30s");
  EXPECT_EQ(format_duration(24h), "24h");
  EXPECT_EQ(parse_duration(format_duration(3661001ms)), 3661001ms);
}

}  // namespace
}  // namespace peer::sdk
