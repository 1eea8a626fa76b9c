#include "core/wire/notices.h"

#include <gtest/gtest.h>

#include <string>

#include "core/protocol/json_scan.h"

namespace peer {
namespace {

const Fingerprint kAlice = fingerprint_of("alice");
const Fingerprint kBob = fingerprint_of("bob");
const sdk::Instant kSomeTime{milliseconds(1'750'000'000'000)};

// What is cut out of a frame is what a reader of JSON finds in it.
void expect_parts_as_read(const FrameRef& frame) {
  const std::string_view text = text_of(frame);
  const auto parts = relayed_parts(frame);
  ASSERT_TRUE(parts) << text;
  EXPECT_EQ(parts->type, without_quotes(find_member(text, "type"))) << text;
  EXPECT_EQ(parts->from, without_quotes(find_member(text, "from"))) << text;
  EXPECT_EQ(parts->payload, find_member(text, "payload")) << text;
  EXPECT_EQ(parts->ns, find_member(text, "namespace")) << text;
  const bool is_broadcast = parts->type == "broadcast";
  EXPECT_EQ(parts->data, is_broadcast ? find_member(parts->payload, "data") : "") << text;
}

constexpr const char* kValues[] = {"",
                                   "1",
                                   "null",
                                   "\"\"",
                                   "{}",
                                   R"({"ts":1,"data":{"a":[1,",\"ts\":",{"ts":2}]},"ts":3})",
                                   R"(",\"ts\":1}")",
                                   R"([",\"payload\":",",\"data\":"])"};

TEST(NoticesTest, ThePartsOfADirectedFrameAreKnownWithoutReadingIt) {
  for (const char* value : kValues) {
    for (const char* type : {"signal", "relay"}) {
      expect_parts_as_read(directed_frame(type, kAlice, kBob, value, kSomeTime));
    }
  }
}

TEST(NoticesTest, ThePartsOfABroadcastAreKnownWithoutReadingIt) {
  for (const char* value : kValues) {
    for (const char* ns : {"lobby", "", "a\"b", ",\"payload\":", "\\", "\xc3\xa9"}) {
      expect_parts_as_read(broadcast_frame(kAlice, ns, value, kSomeTime));
    }
  }
}

TEST(NoticesTest, OfAnotherFrameTheyAreNotKnown) {
  const FrameRef made = directed_frame("signal", kAlice, kBob, "1", kSomeTime);
  EXPECT_FALSE(relayed_parts(text_frame(text_of(made))));
  EXPECT_FALSE(relayed_parts(directed_frame("signal", kAlice, "alias", "1", kSomeTime)));
  EXPECT_FALSE(relayed_parts(peer_left_frame(kAlice, "lobby", kSomeTime)));
}

}  // namespace
}  // namespace peer
