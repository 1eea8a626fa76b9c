#include "core/net/websocket/subprotocols.h"

#include <gtest/gtest.h>

namespace peer {
namespace {

std::string chosen(const std::vector<std::string>& headers,
                   const std::vector<std::string>& listed) {
  HttpRequest request;
  for (const std::string& header : headers) {
    request.headers.emplace_back("sec-websocket-protocol", header);
  }
  const std::string* first = first_offered(request, listed);
  return first == nullptr ? "(none)" : *first;
}

TEST(SubprotocolsTest, TheClientsOrderDecides) {
  EXPECT_EQ(chosen({"one, two"}, {"two", "one"}), "one");
  EXPECT_EQ(chosen({"three", "two,one"}, {"one", "two"}), "two");
}

TEST(SubprotocolsTest, WithoutACommonOneThereIsNone) {
  EXPECT_EQ(chosen({"one"}, {}), "(none)");
  EXPECT_EQ(chosen({}, {"one"}), "(none)");
  EXPECT_EQ(chosen({"", " , ,"}, {"one"}), "(none)");
  EXPECT_EQ(chosen({"two, three"}, {"one"}), "(none)");
}

TEST(SubprotocolsTest, NamesAreComparedWholeAndByteByByte) {
  EXPECT_EQ(chosen({"One, on, ones, one;x"}, {"one"}), "(none)");
  EXPECT_EQ(chosen({" \tone\t ,two"}, {"one"}), "one");
}

}  // namespace
}  // namespace peer
