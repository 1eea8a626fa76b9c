#include "core/http/process_usage.h"

#include <fcntl.h>
#include <gtest/gtest.h>

namespace peer {
namespace {

std::uint64_t descriptors_that_are_open() {
  std::uint64_t count = 0;
  for (int fd = 0; fd < 4096; ++fd) count += ::fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
  return count;
}

TEST(ProcessUsageTest, CountsTheDescriptorsOfTheProcessAndNotItsOwn) {
  EXPECT_EQ(process_usage().open_fds, descriptors_that_are_open());
  EXPECT_EQ(process_usage(false).open_fds, 0U);
}

}  // namespace
}  // namespace peer
