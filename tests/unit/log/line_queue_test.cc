#include "core/log/line_queue.h"

#include <Poco/AutoPtr.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <thread>

#include "core/base/log.h"
#include "tests/support/deadline.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/log/words.h"

namespace peer {
namespace {

using testing::ContainsRegex;
using testing::StartsWith;

class LineQueueTest : public testing::Test {
 protected:
  void log(const std::string& text) { queue_->log({"peer", text, Poco::Message::PRIO_WARNING}); }
  std::string written() { return test::read_file(dir_.path() / "log"); }
  std::uint64_t newly_lost() const { return lost_log_lines() - lost_before_; }

  test::TempDir dir_;
  Poco::AutoPtr<LineQueue> queue_{
      new LineQueue(std::make_unique<LineFile>(dir_.path() / "log", words))};
  const std::uint64_t lost_before_ = lost_log_lines();
};

TEST_F(LineQueueTest, WritesInOrderWhatCameBeforeAndAfterTheStart) {
  ASSERT_TRUE(queue_->file().reopen());
  log("one");
  ASSERT_TRUE(queue_->start());
  log("two");
  log("");
  queue_->close();
  EXPECT_EQ(written(), "one\ntwo\n\n");
  EXPECT_EQ(newly_lost(), 0u);
}

TEST_F(LineQueueTest, SoManyLinesWaitAndTheRestIsCountedAndTold) {
  ASSERT_TRUE(queue_->file().reopen());
  for (std::size_t i = 0; i < LineQueue::kMostLines + 3; ++i) log("line");
  EXPECT_EQ(newly_lost(), 3u);
  ASSERT_TRUE(queue_->start());
  queue_->close();
  EXPECT_THAT(
      written(),
      StartsWith("log lines were lost: 3 (they came faster than the log took them)\nline\n"));
}

TEST_F(LineQueueTest, SoManyBytesWait) {
  ASSERT_TRUE(queue_->file().reopen());
  const std::string line(LineQueue::kMostBytes / 4, 'x');
  for (int i = 0; i < 5; ++i) log(line);
  EXPECT_EQ(newly_lost(), 2u);  // each costs a little more than its text
  ASSERT_TRUE(queue_->start());
  queue_->close();
  EXPECT_EQ(
      written().size(),
      3 * (line.size() + 1) + std::string("log lines were lost: 2 (they came faster than the log "
                                          "took them)\n")
                                  .size());
}

// RLIMIT_FSIZE stands for a disk: write(2) tears a line and then fails.
TEST_F(LineQueueTest, WhatAFullDiskRefusesIsToldWhenThereIsRoomAgain) {
  std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_TRUE(queue_->file().reopen());
  ASSERT_TRUE(queue_->start());
  const rlimit tight{6, RLIM_INFINITY};
  const rlimit none{RLIM_INFINITY, RLIM_INFINITY};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
  log("torn line");
  log("lost line");
  const test::Deadline deadline;
  while (newly_lost() < 2 && !deadline.passed()) std::this_thread::yield();
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &none), 0);
  log("after");
  queue_->close();
  EXPECT_THAT(written(), StartsWith("torn l\n"));
  EXPECT_THAT(written(), ContainsRegex("\nlog lines were lost: 2 .File too large.\n"));
  EXPECT_THAT(written(), ContainsRegex("\nafter\n"));
}

}  // namespace
}  // namespace peer
