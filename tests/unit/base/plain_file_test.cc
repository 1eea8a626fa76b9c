#include "core/base/plain_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/temp_dir.h"

namespace peer {
namespace {

constexpr int kAppend = O_WRONLY | O_CREAT | O_APPEND;

std::string refusal_of(const std::string& path, int flags) {
  const auto opened = open_plain_file(path, flags, Devices::kRefused, 0600);
  return opened ? "" : opened.error().message;
}

TEST(PlainFile, IsMadeAndBlocksAsUsual) {
  const test::TempDir dir;
  const std::string path = dir.path() / "file";
  EXPECT_EQ(wrong_kind_of_file(path, Devices::kRefused), "");
  const auto opened = open_plain_file(path, kAppend, Devices::kRefused, 0600);
  ASSERT_TRUE(opened);
  EXPECT_EQ(::fcntl(*opened, F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(::fcntl(*opened, F_GETFD) & FD_CLOEXEC, 0);
  ::close(*opened);
  EXPECT_EQ(wrong_kind_of_file(path, Devices::kRefused), "");
}

TEST(PlainFile, APipeIsRefusedAndNotWaitedFor) {
  const test::TempDir dir;
  const std::string path = dir.path() / "pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const std::string expected = "'" + path + "' is a pipe; expected a file";
  EXPECT_EQ(refusal_of(path, kAppend), expected);
  EXPECT_EQ(refusal_of(path, O_RDONLY), expected);
  EXPECT_EQ(wrong_kind_of_file(path, Devices::kTaken), expected);
}

TEST(PlainFile, ADirectoryIsRefused) {
  EXPECT_EQ(refusal_of("/tmp", kAppend), "'/tmp' is a directory; expected a file");
}

TEST(PlainFile, ADeviceIsTakenWhereItWillDo) {
  EXPECT_EQ(refusal_of("/dev/null", kAppend), "'/dev/null' is a device; expected a file");
  const auto opened = open_plain_file("/dev/null", kAppend, Devices::kTaken);
  ASSERT_TRUE(opened);
  ::close(*opened);
}

TEST(PlainFile, WhatCannotBeOpenedSaysWhy) {
  EXPECT_EQ(refusal_of("/none/file", kAppend),
            "cannot open '/none/file': No such file or directory");
}

}  // namespace
}  // namespace peer
