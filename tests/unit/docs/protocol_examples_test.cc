#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/protocol_schema.h"

// docs/protocol.md: each of its examples is a message as the schema has it, and each message type
// stands there.
namespace peer::test {
namespace {

std::string protocol_page() {
  std::ifstream file(PEER_DOCS_DIR "/protocol.md");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// `<32 hex digits>` and names of peers such as `<alice>` stand for values.
std::string filled_in(std::string text) {
  text = std::regex_replace(text, std::regex("<32 hex digits>"), std::string(32, 'a'));
  return std::regex_replace(text, std::regex("<[a-z]+>"), std::string(64, 'b'));
}

std::vector<Json> examples_of_the_page() {
  const std::string page = protocol_page();
  const std::string opening = "```json\n";
  std::vector<Json> found;
  for (auto begin = page.find(opening); begin != std::string::npos;
       begin = page.find(opening, begin)) {
    begin += opening.size();
    const auto end = page.find("```", begin);
    found.push_back(Json::parse(filled_in(page.substr(begin, end - begin))));
  }
  return found;
}

TEST(ProtocolPageTest, HasExamplesThatAreMessagesOfOneSide) {
  const std::vector<Json> examples = examples_of_the_page();
  EXPECT_GE(examples.size(), 30U);
  for (const Json& example : examples) {
    const std::string as_server = fault_of(Sender::kServer, example);
    const std::string as_client = fault_of(Sender::kClient, example);
    const bool is_of_managed_rooms = fault_of(Sender::kClientOfManagedRooms, example).empty();
    EXPECT_TRUE(as_server.empty() || as_client.empty() || is_of_managed_rooms)
        << example << "\nas the server's: " << as_server << "\nas a client's: " << as_client;
  }
}

TEST(ProtocolPageTest, NamesEveryMessageType) {
  const std::string page = protocol_page();
  for (const Sender sender : {Sender::kServer, Sender::kClient, Sender::kClientOfManagedRooms}) {
    for (const std::string& type : message_types(sender)) {
      EXPECT_THAT(page, testing::AnyOf(testing::HasSubstr("\n### " + type + "\n"),
                                       testing::HasSubstr("`" + type),
                                       testing::HasSubstr("\"type\": \"" + type + "\"")));
    }
  }
}

}  // namespace
}  // namespace peer::test
