#include <Poco/JSON/Object.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "core/protocol/message.h"
#include "core/protocol/protocol_types.h"
#include "tests/support/protocol_schema.h"

// docs/protocol.schema.json knows every message type, accepts its own examples, and refuses each of
// them when a member is changed.
namespace peer::test {
namespace {

using Object = Poco::JSON::Object;
using testing::UnorderedElementsAreArray;

Json with(const Json& message, const std::string& key, const Poco::Dynamic::Var& value) {
  const Json copy = Json::parse(message.text());
  Object::Ptr object = copy.value().extract<Object::Ptr>();
  object->set(key, value);
  return copy;
}

Json without(const Json& message, const std::string& key) {
  const Json copy = Json::parse(message.text());
  Object::Ptr object = copy.value().extract<Object::Ptr>();
  object->remove(key);
  return copy;
}

// Members whose values are not the server's business.
bool is_opaque(const std::string& type, const std::string& key) {
  static const std::set<std::string> kTypes{"signal", "relay", "auth_challenge", "auth_response",
                                            "server_message"};
  return key == "data" || (key == "payload" && kTypes.contains(type));
}

// The half that no type of member allows: a number that is no integer.
const Poco::Dynamic::Var kWrong = 0.5;

struct SchemaCase {
  Sender sender;
  std::string type;
};

std::vector<SchemaCase> all_cases() {
  std::vector<SchemaCase> cases;
  for (const Sender sender : {Sender::kServer, Sender::kClient, Sender::kClientOfManagedRooms}) {
    for (const std::string& type : message_types(sender)) cases.push_back({sender, type});
  }
  return cases;
}

std::string name_of_case(const testing::TestParamInfo<SchemaCase>& tested) {
  return tested.param.type + (tested.param.sender == Sender::kServer ? "_of_server" : "_of_client");
}

TEST(ProtocolTypesTest, EveryTypeOfTheSchemaIsOneOfTheProtocol) {
  for (const SchemaCase& tested : all_cases()) {
    const bool is_of_a_plugin = tested.sender == Sender::kClientOfManagedRooms;
    EXPECT_EQ(is_protocol_type(tested.type), !is_of_a_plugin) << tested.type;
  }
  EXPECT_FALSE(is_protocol_type("vote"));
  EXPECT_FALSE(is_protocol_type("unknown"));
}

class ProtocolSchemaTest : public testing::TestWithParam<SchemaCase> {
 protected:
  std::string fault(const Json& message) const { return fault_of(GetParam().sender, message); }
  const std::string& type() const { return GetParam().type; }
  const std::vector<Json> examples_ = examples(GetParam().sender, GetParam().type);
};

TEST_P(ProtocolSchemaTest, AcceptsItsExamples) {
  ASSERT_FALSE(examples_.empty());
  for (const Json& example : examples_) EXPECT_EQ(fault(example), "") << example;
}

TEST_P(ProtocolSchemaTest, RefusesAMemberOfAnotherType) {
  for (const Json& example : examples_) {
    for (const std::string& key : example.keys()) {
      if (is_opaque(type(), key)) continue;
      EXPECT_NE(fault(with(example, key, kWrong)), "") << key << " in " << example;
    }
  }
}

TEST_P(ProtocolSchemaTest, RefusesAMemberOfAnotherTypeInThePayload) {
  for (const Json& example : examples_) {
    if (is_opaque(type(), "payload")) continue;
    for (const std::string& key : example["payload"].keys()) {
      if (is_opaque(type(), key)) continue;
      const Json payload = with(example["payload"], key, kWrong);
      EXPECT_NE(fault(with(example, "payload", payload.value())), "") << key << " in " << example;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Types, ProtocolSchemaTest, testing::ValuesIn(all_cases()), name_of_case);

class ServerSchemaTest : public testing::TestWithParam<std::string> {};

TEST_P(ServerSchemaTest, RefusesAMemberThatTheContractDoesNotName) {
  for (const Json& example : examples(Sender::kServer, GetParam())) {
    EXPECT_NE(fault_of(Sender::kServer, with(example, "node_id", std::string("a1"))), "");
  }
}

TEST_P(ServerSchemaTest, RefusesAMessageThatLacksAMember) {
  for (const Json& example : examples(Sender::kServer, GetParam())) {
    for (const std::string& key : example.keys()) {
      const bool may_lack = key == "id" && GetParam() != "ack";
      const bool may_be_absent = key == "payload" && is_opaque(GetParam(), key);
      if (may_lack || may_be_absent) continue;
      EXPECT_NE(fault_of(Sender::kServer, without(example, key)), "") << key << " in " << example;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Types, ServerSchemaTest, testing::ValuesIn(message_types(Sender::kServer)),
                         [](const auto& tested) { return tested.param; });

TEST(ProtocolSchemaTypes, AreThoseThatTheServerReads) {
  std::vector<std::string> read;
  for (std::size_t i = 1; i < kMessageTypeCount; ++i) {
    read.emplace_back(to_text(static_cast<MessageType>(i)));
  }
  EXPECT_THAT(message_types(Sender::kClient), UnorderedElementsAreArray(read));
}

}  // namespace
}  // namespace peer::test
