#include "failure_text.h"

#include <gtest/gtest.h>

namespace peer_redis {
namespace {

std::string line_for(std::string_view why) { return describe_failure("redis:6379", why).line; }

TEST(FailureText, SilenceIsOutOfReach) {
  EXPECT_EQ(line_for("Connection refused"),
            "Redis at redis:6379 is out of reach (Connection refused); this node works on its own "
            "until it is back");
}

TEST(FailureText, ARedisThatHasMovedIsNotOutOfReach) {
  EXPECT_EQ(line_for(kLeadsElsewhere),
            "Redis at redis:6379 has moved, its name leads to another address now; this node "
            "follows it");
}

TEST(FailureText, ANewMasterOrOwnerIsFollowed) {
  EXPECT_EQ(line_for(kNewMaster),
            "Redis at redis:6379 has moved, Sentinel names another master; this node follows it");
  EXPECT_EQ(line_for("MOVED 3999 10.0.0.2:6379"),
            "Redis at redis:6379 has given our keys to another node of its Cluster (MOVED 3999 "
            "10.0.0.2:6379); this node follows them");
}

TEST(FailureText, AnAnswerIsQuotedWithWhatToDo) {
  EXPECT_EQ(
      line_for("READONLY You can't write against a read only replica."),
      "Redis at redis:6379 answers \"READONLY You can't write against a read only replica.\"; "
      "it is a replica: give the address of the master; this node works on its own until "
      "then");
}

TEST(FailureText, AWrongPasswordMayStandInAFile) {
  EXPECT_EQ(line_for("WRONGPASS invalid username-password pair or user is disabled."),
            "Redis at redis:6379 answers \"WRONGPASS invalid username-password pair or user is "
            "disabled.\"; correct the options 'username' and 'password' or 'password_file'; this "
            "node works on its own until then");
}

TEST(FailureText, AClusterThatIsDownMayBeSoByItsConfiguration) {
  EXPECT_NE(line_for("CLUSTERDOWN The cluster is down").find("'cluster-require-full-coverage no'"),
            std::string::npos);
}

TEST(FailureText, AnAnswerThatIsNotKnownIsQuotedToo) {
  EXPECT_EQ(line_for("ERR DB index is out of range"),
            "Redis at redis:6379 answers \"ERR DB index is out of range\"; see the documentation "
            "of Redis; this node works on its own until then");
}

TEST(FailureText, ArgumentsAndScriptsAreNotShown) {
  const std::string unknown = line_for("ERR unknown command 'AUTH', with args beginning with: 'x'");
  EXPECT_EQ(unknown.find("beginning"), std::string::npos) << unknown;
  const std::string script = line_for("OOM command not allowed. script: 0a1b, on @user_script:80.");
  EXPECT_EQ(script.find("0a1b"), std::string::npos) << script;
}

TEST(FailureText, WhatRedisSaysIsBoundAndCannotForgeALine) {
  const std::string line = line_for("ERR a\"\nb" + std::string(1000, 'c'));
  EXPECT_NE(line.find("ERR a??bccc"), std::string::npos) << line;
  EXPECT_LT(line.size(), 400U);
}

TEST(FailureText, OneKindOfAnswerIsOneKindWhateverItsArguments) {
  const auto kind = [](std::string_view why) { return describe_failure("", why).kind; };
  EXPECT_EQ(kind("MOVED 1 10.0.0.1:6379"), kind("MOVED 2 10.0.0.2:6379"));
  EXPECT_NE(kind("MOVED 1 10.0.0.1:6379"), kind("READONLY"));
  EXPECT_NE(kind("no answer"), kind("Connection refused"));
}

}  // namespace
}  // namespace peer_redis
