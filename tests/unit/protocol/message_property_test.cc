#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/unit/protocol/client_message.h"
#include "tests/unit/protocol/random_json.h"

namespace peer {
namespace {

class RandomEnvelope {
 public:
  RandomEnvelope(RandomJson& random, std::string payload) : random_(random) {
    add("\"type\"", "\"relay\"");
    add("\"to\"", "\"bob\"");
    add("\"payload\"", std::move(payload));
    for (std::size_t i = 0, n = random_.below(4); i < n; ++i) {
      add("\"x" + std::to_string(i) + "\"", random_.value());
    }
  }

  std::string text() {
    std::string text = random_.space() + "{" + random_.space();
    while (!members_.empty()) {
      std::swap(members_.back(), members_[random_.below(members_.size())]);
      text += members_.back();
      members_.pop_back();
      text += members_.empty() ? "}" : "," + random_.space();
    }
    return text + random_.space();
  }

 private:
  void add(const std::string& key, const std::string& value) {
    members_.push_back(key + random_.space() + ":" + random_.space() + value + random_.space());
  }

  RandomJson& random_;
  std::vector<std::string> members_;
};

TEST(MessagePropertyTest, ThePayloadIsWhatWentInByteForByte) {
  RandomJson random(3);
  for (int i = 0; i < 5000; ++i) {
    const std::string payload = random.value(5);
    const std::string text = RandomEnvelope(random, payload).text();
    const ClientMessage message(text);
    ASSERT_EQ(message.error(), "") << text;
    ASSERT_EQ(message->payload, payload) << text;
    ASSERT_EQ(message->type, MessageType::kRelay) << text;
    ASSERT_EQ(message->to, "bob") << text;
  }
}

TEST(MessagePropertyTest, BroadcastDataIsWhatWentInByteForByte) {
  RandomJson random(4);
  for (int i = 0; i < 5000; ++i) {
    const std::string data = random.value(5);
    ClientMessage message =
        with_payload("{" + random.space() + "\"data\"" + random.space() + ":" + random.space() +
                     data + random.space() + ", \"namespace\":\"n\"}");
    BroadcastRequest request;
    ASSERT_EQ(message.read(request), "") << data;
    ASSERT_EQ(request.data, data);
  }
}

TEST(MessagePropertyTest, EveryCutOfAMessageIsRefused) {
  RandomJson random(5);
  for (int i = 0; i < 50; ++i) {
    const std::string text = "{\"payload\":" + random.value(5) + "}";
    for (std::size_t length = 0; length < text.size(); ++length) {
      ASSERT_EQ(ClientMessage(text.substr(0, length)).error(), "invalid message") << text;
    }
  }
}

}  // namespace
}  // namespace peer
