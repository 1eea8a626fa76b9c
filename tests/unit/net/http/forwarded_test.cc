#include "core/net/http/forwarded.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace peer {
namespace {

using testing::ElementsAre;
using testing::Optional;

struct Line {
  const char* text;
  std::vector<std::string> hops;
};

TEST(Forwarded, GivesTheForOfEachElementFromLeftToRight) {
  for (const Line& line : {
           Line{"for=192.0.2.1", {"192.0.2.1"}},
           Line{"For=192.0.2.1;proto=https;by=203.0.113.43", {"192.0.2.1"}},
           Line{"by=203.0.113.43; FOR=192.0.2.1", {"192.0.2.1"}},
           Line{"for=192.0.2.1, for=198.51.100.17", {"192.0.2.1", "198.51.100.17"}},
           Line{"for=192.0.2.1 ,\tfor=unknown", {"192.0.2.1", "unknown"}},
           Line{R"(for="[2001:db8:cafe::17]:4711")", {"[2001:db8:cafe::17]:4711"}},
           Line{R"(for="192.0.2.1:80", for="_gazonk")", {"192.0.2.1:80", "_gazonk"}},
           Line{R"(for="a\"b\\c,;")", {"a\"b\\c,;"}},
           Line{"for=unix:", {"unix:"}},
           Line{"for=[2001:db8::1]:80;", {"[2001:db8::1]:80"}},
           Line{"proto=http", {""}},
           Line{"for=192.0.2.1,", {"192.0.2.1", ""}},
           Line{"", {""}},
       }) {
    EXPECT_THAT(read_forwarded(line.text), Optional(line.hops)) << line.text;
  }
}

TEST(Forwarded, ALineWithAFaultIsRefusedAsAWhole) {
  for (const char* line :
       {"for", "for=", "=192.0.2.1", R"(for=")", R"(for="192.0.2.1)", R"(for="\)", "for=a b",
        R"(for="192.0.2.1"x)", "for=192.0.2.1;for=192.0.2.2", R"(for=1"2")",
        // What a client with an open quote makes of an element that its proxy appends.
        R"(for=9.9.9.9;x=", for="[2001:db8::1]:80")"}) {
    EXPECT_EQ(read_forwarded(line), std::nullopt) << line;
  }
}

}  // namespace
}  // namespace peer
