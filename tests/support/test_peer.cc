#include "tests/support/test_peer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>

#include "tests/support/protocol_schema.h"

namespace peer::test {
namespace {

// Messages that the plugins of the tests send to peers have types of their own.
bool is_of_a_plugin(const Json& message) {
  constexpr std::array kTypes{"books", "clear", "told", "vote_result", "voted", "votes"};
  return std::find(kTypes.begin(), kTypes.end(), message["type"].str()) != kTypes.end();
}

}  // namespace

std::string fingerprint_of(std::string_view public_key) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(public_key.data()), public_key.size(), digest);
  std::string hex;
  for (const unsigned char byte : digest) {
    hex.push_back("0123456789abcdef"[byte >> 4]);
    hex.push_back("0123456789abcdef"[byte & 15]);
  }
  return hex;
}

std::string message(std::string_view type, std::string_view payload, std::string_view more) {
  std::string text = R"({"type":")";
  text.append(type).append("\"");
  if (!payload.empty()) text.append(R"(,"payload":)").append(payload);
  if (!more.empty()) text.append(",").append(more);
  return text.append("}");
}

Json TestPeer::register_as(std::string_view public_key, std::string_view more) {
  send("register", fmt(R"({"public_key":"%"%%})", public_key, more.empty() ? "" : ",", more));
  Json reply = next("registered");
  fingerprint_ = reply["payload"]["fingerprint"].str();
  alias_ = reply["payload"]["alias"].str();
  return reply;
}

Json TestPeer::join(std::string_view ns, std::string_view more) {
  send("join", fmt(R"({"namespace":"%"%%})", ns, more.empty() ? "" : ",", more));
  return next("peer_list");
}

Json TestPeer::create_room(std::string_view room, std::string_view more) {
  send("create_room", fmt(R"({"room_id":"%"%%})", room, more.empty() ? "" : ",", more));
  return next("room_created");
}

Json TestPeer::next() {
  last_text_ = ws_.read_text();
  Json message = Json::parse(last_text_);
  EXPECT_EQ(is_of_a_plugin(message) ? "" : fault_of(Sender::kServer, message), "") << last_text_;
  return message;
}

Json TestPeer::next(std::string_view type) {
  Json reply = next();
  EXPECT_EQ(reply["type"].str(), type) << last_text_;
  return reply;
}

Json TestPeer::expect_error(int code, std::string_view text) {
  Json reply = next("error");
  EXPECT_EQ(reply["payload"], json(R"({"code":%,"message":"%"})", code, text)) << last_text_;
  return reply;
}

void TestPeer::expect_error_like(int code, const std::string& pattern) {
  const Json reply = next("error");
  EXPECT_EQ(reply["payload"]["code"], json("%", code)) << last_text_;
  EXPECT_THAT(reply["payload"]["message"].str(), testing::ContainsRegex(pattern)) << last_text_;
}

void TestPeer::expect_refused(std::string_view text, int code, std::string_view error) {
  SCOPED_TRACE(std::string(text.substr(0, 200)));
  send(text);
  expect_error(code, error);
}

void TestPeer::expect_silence() {
  round_trip();
  round_trip();
}

void TestPeer::round_trip() {
  send(R"({"type":"ping"})");
  EXPECT_EQ(next()["type"].str(), "pong") << last_text_;
}

void expect_silence_of(std::initializer_list<TestPeer*> peers) {
  for (TestPeer* peer : peers) peer->expect_silence();
}

}  // namespace peer::test
