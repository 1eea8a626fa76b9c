#include "core/base/cpu_count.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "tests/support/temp_dir.h"

namespace peer {
namespace {

namespace fs = std::filesystem;

/// Control groups as files in a directory.
class CpuQuotaTest : public testing::Test {
 protected:
  void write(const std::string& file, const std::string& text) {
    fs::create_directories((dir_.path() / file).parent_path());
    dir_.write(file, text);
  }
  double quota(const std::string& membership) {
    return cpu_quota(dir_.path(), dir_.write("membership", membership));
  }

  test::TempDir dir_;
};

TEST_F(CpuQuotaTest, WithoutGroupsThereIsNone) {
  EXPECT_TRUE(std::isinf(quota("0::/\n")));
  EXPECT_TRUE(std::isinf(cpu_quota("/none", "/none/cgroup")));
}

TEST_F(CpuQuotaTest, OfVersion2) {
  write("cpu.max", "150000 100000\n");
  EXPECT_DOUBLE_EQ(quota("0::/\n"), 1.5);
}

TEST_F(CpuQuotaTest, MaxIsNone) {
  write("cpu.max", "max 100000\n");
  EXPECT_TRUE(std::isinf(quota("0::/\n")));
}

TEST_F(CpuQuotaTest, TheLeastOfAllGroupsAboveCounts) {
  write("a/cpu.max", "50000 100000\n");
  write("a/b/cpu.max", "400000 100000\n");
  write("a/b/c/cpu.max", "max 100000\n");
  EXPECT_DOUBLE_EQ(quota("0::/a/b/c\n"), 0.5);
  EXPECT_TRUE(std::isinf(quota("0::/other\n")));
}

TEST_F(CpuQuotaTest, InAContainerThePathOfTheHostIsNotThere) {
  write("cpu.max", "200000 100000\n");
  EXPECT_DOUBLE_EQ(quota("0::/system.slice/docker-1234.scope\n"), 2);
  EXPECT_DOUBLE_EQ(quota("0::/../../x\n"), 2);
}

TEST_F(CpuQuotaTest, OfVersion1) {
  write("cpu,cpuacct/a/cpu.cfs_quota_us", "250000\n");
  write("cpu,cpuacct/a/cpu.cfs_period_us", "100000\n");
  write("cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
  write("cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  EXPECT_DOUBLE_EQ(quota("12:cpuset:/a\n4:cpu,cpuacct:/a\n1:name=systemd:/a\n0::/a\n"), 2.5);
}

TEST_F(CpuQuotaTest, WhatIsNoQuotaIsNone) {
  for (const char* text : {"", "x y", "100000", "100000 0", "-5 100000", "1e5 100000",
                           "99999999999999999999 100000"}) {
    write("cpu.max", text);
    EXPECT_TRUE(std::isinf(quota("0::/\n"))) << text;
  }
  for (const char* membership : {"", "0", "0:", "::", "0:cpu", "\n\n"}) {
    EXPECT_TRUE(std::isinf(quota(membership))) << membership;
  }
}

TEST(UsableCores, AreAtLeastOne) { EXPECT_GE(usable_cores(), 1u); }

}  // namespace
}  // namespace peer
