#include "client_text.h"

#include <gtest/gtest.h>

#include <string>

namespace peer_redis {
namespace {

using namespace std::string_literals;

TEST(ClientText, ClientsGetOnlyUtf8InBraces) {
  EXPECT_TRUE(is_client_text("{}"));
  EXPECT_TRUE(is_client_text(R"({"from":"é"})"));
  for (const std::string& text :
       {""s, "{"s, "}"s, "[]"s, "x"s, "{\xff}"s, "{\xed\xa0\x80}"s, "{\xc0\x80}"s, " {}"s}) {
    EXPECT_FALSE(is_client_text(text)) << text;
  }
}

}  // namespace
}  // namespace peer_redis
