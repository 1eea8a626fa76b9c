#include "sdk/contract/src/protocol_types.h"

#include <gtest/gtest.h>

#include "tests/support/protocol_schema.h"

namespace peer::sdk::contract {
namespace {

TEST(ProtocolTypesTest, ThoseOfTheSchemaAreTaken) {
  std::size_t count = 0;
  for (const test::Sender sender : {test::Sender::kServer, test::Sender::kClient}) {
    for (const std::string& type : test::message_types(sender)) {
      EXPECT_TRUE(is_protocol_type(type)) << type;
      ++count;
    }
  }
  EXPECT_GT(count, 38U) << "the schema is not read";
  EXPECT_FALSE(is_protocol_type("vote"));
}

}  // namespace
}  // namespace peer::sdk::contract
