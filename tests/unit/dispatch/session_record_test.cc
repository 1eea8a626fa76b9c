// What one node tells another of a session that moves (core/session/session_record.h): all of it
// arrives, and of what is none, or not for clients, nothing is taken.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/session/session_record.h"
#include "core/wire/notices.h"

namespace peer {
namespace {

MovingIdentity some_identity() {
  MovingIdentity identity;
  identity.peer = {fingerprint_of("alice"), 77};
  identity.alias = "alice";
  identity.meta = R"({"a":1})";
  identity.auth = "token";
  identity.proved = true;
  identity.takes_over = true;
  identity.patterns = {"lobby*", "den"};
  identity.rate = 5;
  identity.may_create_rooms = false;
  MovingMembership game{"game",        "\"chess\"", R"({"b":2})", R"({"alias":"alice"})", 9,
                        {true, false}, {}};
  MovingMembership den{"den", "", "", "{}", 0, {false, true}, {}};
  den.room = Room{fingerprint_of("bob"), 4, "state"};
  identity.memberships = {game, den};
  identity.replacements = 3;
  identity.replacements_age = milliseconds(4'000);
  return identity;
}

MovingRest some_rest() {
  MovingRest rest;
  rest.handled = 5;
  rest.sent = 7;
  rest.lost = 1;
  rest.limited_in_a_row = 2;
  rest.token = fingerprint_of("latest");
  rest.used = UsedToken{fingerprint_of("used"), 3, 6, 100, true};
  rest.ends = milliseconds(1000);
  rest.window = milliseconds(200);
  rest.grant = milliseconds(300);
  rest.waiting = 1;
  rest.kept = {text_frame("1"), text_frame(R"({"two" : 2})")};
  rest.handed_out = 1;
  rest.rate = TokenBucket::Level{1500, milliseconds(20)};
  rest.fanout = {2500, milliseconds(0)};
  MovingTicket ticket;
  ticket.id = 0xfedcba9876543210;
  ticket.enqueued = sdk::Instant(milliseconds(1'795'397'599'000));
  ticket.expires = sdk::Instant(milliseconds(1'795'397'600'000));
  ticket.shows_ticket = true;
  ticket.text = R"({"namespace":"game"})";
  rest.tickets = {{"game", ticket}};
  rest.address = *parse_address("192.0.2.7");
  return rest;
}

TEST(SessionRecordTest, WhoItIsArrivesAsItWas) {
  const MovingIdentity sent = some_identity();
  const std::optional<MovingIdentity> got = read_identity(packed(sent));
  ASSERT_TRUE(got);
  EXPECT_EQ(packed(*got), packed(sent));
  EXPECT_EQ(got->peer, sent.peer);
  EXPECT_EQ(got->patterns, sent.patterns);
  EXPECT_EQ(got->rate, sent.rate);
  EXPECT_FALSE(got->may_create_rooms);
  EXPECT_EQ(got->replacements, 3U);
  EXPECT_EQ(got->replacements_age, milliseconds(4'000));
  ASSERT_EQ(got->memberships.size(), 2U);
  EXPECT_TRUE(got->memberships[0].watches.meta);
  EXPECT_EQ(got->memberships[0].app_type, "\"chess\"");
  ASSERT_TRUE(got->memberships[1].room);
  EXPECT_EQ(got->memberships[1].room->owner, fingerprint_of("bob"));
}

TEST(SessionRecordTest, WhatItHasHeardArrivesAsItWas) {
  const HeardMeanwhile sent{fingerprint_of("alice"), {text_frame("1"), text_frame(R"({"a" : 1})")}};
  const std::string bytes = packed(sent);
  const std::optional<HeardMeanwhile> got = read_heard(bytes);
  ASSERT_TRUE(got);
  EXPECT_EQ(packed(*got), bytes);
  EXPECT_EQ(got->peer, sent.peer);
  EXPECT_EQ(got->frames.size(), 2U);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(read_heard(bytes.substr(0, size))) << size;
  }
  EXPECT_FALSE(read_heard(packed(HeardMeanwhile{sent.peer, {text_frame("{no JSON")}})));
}

TEST(SessionRecordTest, WhatItHasArrivesAsItWas) {
  const MovingRest sent = some_rest();
  const std::optional<MovingRest> got = read_rest(packed(sent));
  ASSERT_TRUE(got);
  EXPECT_EQ(packed(*got), packed(sent));
  EXPECT_EQ(got->sent, 7U);
  EXPECT_EQ(got->handed_out, 1U);
  EXPECT_EQ(got->address.text(), "192.0.2.7");
  EXPECT_EQ(got->used->hash, fingerprint_of("used"));
  EXPECT_EQ(got->grant, milliseconds(300));
  EXPECT_EQ(text_of(got->kept[1]), R"({"two" : 2})");
  EXPECT_EQ(got->tickets[0].ticket.enqueued, sent.tickets[0].ticket.enqueued);
  EXPECT_EQ(got->tickets[0].ticket.expires, sent.tickets[0].ticket.expires);
}

// As nodes wrote it before the address, the last field, was added; and before `handed_out` was.
std::string_view without_address(std::string_view rest) {
  return rest.substr(0, rest.size() - sizeof(std::uint64_t) - Address().bytes.size());
}
std::string_view of_1_3(std::string_view rest) {
  rest = without_address(rest);
  return rest.substr(0, rest.size() - sizeof(std::uint64_t));
}

TEST(SessionRecordTest, NoPartOfOneIsOne) {
  const std::string identity = packed(some_identity());
  // As nodes wrote it before the replacements were added.
  const std::size_t of_before = identity.size() - 2 * sizeof(std::uint64_t);
  for (std::size_t size = 0; size < identity.size(); ++size) {
    if (size == of_before) continue;
    EXPECT_FALSE(read_identity(std::string_view(identity).substr(0, size))) << size;
  }
  EXPECT_TRUE(read_identity(std::string_view(identity).substr(0, of_before)));
  const std::string rest = packed(some_rest());
  for (std::size_t size = 0; size < rest.size(); ++size) {
    if (size == without_address(rest).size() || size == of_1_3(rest).size()) continue;
    EXPECT_FALSE(read_rest(std::string_view(rest).substr(0, size))) << size;
  }
}

TEST(SessionRecordTest, OfANodeOf13AnyMessageMayHaveArrived) {
  const std::string rest = packed(some_rest());
  const auto got = read_rest(of_1_3(rest));
  ASSERT_TRUE(got);
  EXPECT_EQ(got->handed_out, 2U);
  EXPECT_EQ(got->address, Address());
}

TEST(SessionRecordTest, AnotherFormIsNoneOfOurs) {
  std::string identity = packed(some_identity());
  identity[0] = 2;
  EXPECT_FALSE(read_identity(identity));
  std::string rest = packed(some_rest());
  rest[0] = 2;
  EXPECT_FALSE(read_rest(rest));
}

TEST(SessionRecordTest, WhatClientsCouldNotReadIsRefused) {
  MovingIdentity identity = some_identity();
  identity.meta = "[1]";
  EXPECT_FALSE(read_identity(packed(identity)));
  identity = some_identity();
  identity.memberships[0].object = "{";
  EXPECT_FALSE(read_identity(packed(identity)));
  identity = some_identity();
  identity.memberships[0].ns = "\xFF";
  EXPECT_FALSE(read_identity(packed(identity)));
  identity = some_identity();
  identity.memberships[0].ns.clear();
  EXPECT_FALSE(read_identity(packed(identity)));
  identity = some_identity();
  identity.alias = "\xC3";
  EXPECT_FALSE(read_identity(packed(identity)));
  identity = some_identity();
  identity.patterns = {"*x*"};
  EXPECT_FALSE(read_identity(packed(identity)));
  MovingRest rest = some_rest();
  rest.kept[0] = text_frame("no JSON");
  EXPECT_FALSE(read_rest(packed(rest)));
  rest = some_rest();
  rest.sent = 1;  // fewer than are kept
  EXPECT_FALSE(read_rest(packed(rest)));
}

}  // namespace
}  // namespace peer
