#include "core/hub/resume_directory.h"

#include <gmock/gmock.h>

#include <cstdint>
#include <vector>

namespace peer {
namespace {

TEST(ResumeDirectoryTest, WhenFewerMayBeAwayThanAreTheOldestLeave) {
  ResumeDirectory directory;
  std::vector<std::uint64_t> places;
  for (int i = 0; i < 5; ++i) {
    const ResumeDirectory::Departure departure = directory.go_away({}, 10);
    EXPECT_TRUE(departure.too_many.empty());
    places.push_back(departure.place);
  }
  std::vector<std::uint64_t> left;
  for (const ResumeDirectory::Absent& absent : directory.go_away({}, 2).too_many) {
    left.push_back(absent.place);
  }
  places.pop_back();
  EXPECT_EQ(left, places);
  EXPECT_EQ(directory.away(), 2U);
}

}  // namespace
}  // namespace peer
