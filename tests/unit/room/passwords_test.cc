#include "core/room/passwords.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>
#include <vector>

namespace peer {
namespace {

using std::chrono::milliseconds;

Fingerprint peer_of(std::uint8_t number) {
  Fingerprint peer;
  peer.bytes.fill(number);
  return peer;
}

const Time kNow{milliseconds(1'000'000)};

/// The thread of the passwords is held by a job that ends when the test lets it.
class PasswordsTest : public testing::Test {
 protected:
  void hold(Passwords& passwords) {
    ASSERT_TRUE(passwords.admit(peer_of(99), "held", kNow));
    passwords.add(peer_of(99), {Secret("x"), "no hash", [this](const PasswordResult&) {
                                  holding_.set_value();
                                  held_.get_future().wait();
                                }});
    holding_.get_future().wait();
  }
  void let_go() { held_.set_value(); }
  /// Admits, and adds a job that takes no time: there is nothing to compare with.
  bool take(Passwords& passwords, std::uint8_t peer, const std::string& room, Time now = kNow) {
    if (!passwords.admit(peer_of(peer), room, now)) return false;
    passwords.add(peer_of(peer), {Secret("x"), "no hash", [](const PasswordResult&) {}});
    return true;
  }

 private:
  std::promise<void> holding_;
  std::promise<void> held_;
};

TEST_F(PasswordsTest, HashesAndCompares) {
  Passwords passwords(8);
  const auto look_at = [&](const char* password, std::string compare_with) {
    std::promise<PasswordResult> result;
    EXPECT_TRUE(passwords.admit(peer_of(1), "den", kNow));
    passwords.add(peer_of(1), {Secret(password), std::move(compare_with),
                               [&](PasswordResult found) { result.set_value(std::move(found)); }});
    return result.get_future().get();
  };
  const PasswordResult hashed = look_at("x", "");
  ASSERT_TRUE(hashed.hash);
  EXPECT_FALSE(hashed.matches);
  EXPECT_EQ(look_at("x", *hashed.hash).matches, true);
  EXPECT_EQ(look_at("y", *hashed.hash).matches, false);
  const PasswordResult none = look_at("x", "no hash");
  EXPECT_FALSE(none.hash || none.matches);
}

TEST_F(PasswordsTest, TheQueueIsBounded) {
  Passwords passwords(3);
  hold(passwords);  // is at work, and does not wait any more
  for (std::uint8_t i = 0; i < 3; ++i) EXPECT_TRUE(take(passwords, i, std::to_string(i)));
  EXPECT_FALSE(take(passwords, 7, "z"));
  passwords.use_queue(4);
  EXPECT_TRUE(take(passwords, 7, "z"));
  EXPECT_FALSE(take(passwords, 8, "y"));
  let_go();
}

TEST_F(PasswordsTest, APeerHasTenAtOnce) {
  Passwords passwords(100);
  hold(passwords);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(take(passwords, 1, "room-" + std::to_string(i)));
  EXPECT_FALSE(take(passwords, 1, "room-10"));
  EXPECT_TRUE(take(passwords, 2, "room-10"));
  let_go();
}

TEST_F(PasswordsTest, ARoomHasFiveTriesASecond) {
  Passwords passwords(100);
  hold(passwords);
  for (std::uint8_t i = 0; i < 5; ++i) EXPECT_TRUE(take(passwords, i, "den"));
  EXPECT_FALSE(take(passwords, 6, "den", kNow + milliseconds(999)));
  EXPECT_TRUE(take(passwords, 6, "attic", kNow + milliseconds(999)));
  for (std::uint8_t i = 10; i < 15; ++i) {
    EXPECT_TRUE(take(passwords, i, "den", kNow + milliseconds(1000)));
  }
  EXPECT_FALSE(take(passwords, 16, "den", kNow + milliseconds(1001)));
  let_go();
}

TEST_F(PasswordsTest, TheRoomsThatAreCountedAreBounded) {
  Passwords passwords(100'000);
  hold(passwords);
  int taken = 0;
  for (int i = 0; i < 5000; ++i) {
    if (take(passwords, static_cast<std::uint8_t>(i % 90), std::to_string(i), kNow)) ++taken;
  }
  EXPECT_EQ(taken, 900);  // of the peers' ten each
  for (int i = 0; i < 4096; ++i) {
    [[maybe_unused]] const bool is_taken = passwords.admit(
        Fingerprint{{static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(i >> 8), 1}},
        "more-" + std::to_string(i), kNow);
  }
  EXPECT_FALSE(take(passwords, 200, "one more", kNow));
  EXPECT_TRUE(take(passwords, 200, "one more", kNow + milliseconds(1000)));
  let_go();
}

TEST_F(PasswordsTest, WhatWaitsAtTheEndIsGivenUp) {
  bool done = false;
  {
    Passwords passwords(100);
    for (std::uint8_t i = 0; i < 100; ++i) {  // seconds of work
      const Fingerprint peer = peer_of(static_cast<std::uint8_t>(i / 10));
      ASSERT_TRUE(passwords.admit(peer, std::to_string(i), kNow));
      passwords.add(peer, {Secret("x"), "", [&done, i](const PasswordResult&) {
                             if (i == 99) done = true;
                           }});
    }
  }
  EXPECT_FALSE(done);
}

TEST_F(PasswordsTest, WhatBecomesOfThemIsCounted) {
  Passwords passwords(1);
  hold(passwords);
  EXPECT_TRUE(take(passwords, 1, "den"));
  EXPECT_EQ(passwords.counts().waiting, 1U);
  EXPECT_FALSE(take(passwords, 2, "den"));
  EXPECT_EQ(passwords.counts().refused, 1U);
  let_go();
  const auto look_at = [&](const char* password, std::string compare_with) {
    while (passwords.counts().waiting > 0) std::this_thread::yield();
    std::promise<PasswordResult> result;
    EXPECT_TRUE(passwords.admit(peer_of(1), "other", kNow));
    passwords.add(peer_of(1), {Secret(password), std::move(compare_with),
                               [&](PasswordResult found) { result.set_value(std::move(found)); }});
    return result.get_future().get();
  };
  const std::string hash = look_at("x", "").hash.value_or("");
  look_at("x", hash);
  look_at("y", hash);
  const Passwords::Counts counts = passwords.counts();
  EXPECT_EQ(counts.hashed, 1U);
  EXPECT_EQ(counts.matched, 1U);
  EXPECT_EQ(counts.wrong, 1U);
  EXPECT_EQ(counts.failed, 2U);  // that of hold(), and the one behind it
}

}  // namespace
}  // namespace peer
