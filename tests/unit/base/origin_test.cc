#include "core/base/origin.h"

#include <gtest/gtest.h>

namespace peer {
namespace {

struct Match {
  const char* pattern;
  const char* origin;
  bool matches;
};

TEST(OriginTest, MatchesWhatItsPatternSays) {
  for (const Match& item : {
           Match{"https://example.com", "https://example.com", true},
           Match{"https://example.com", "HTTPS://EXAMPLE.com", true},
           Match{"https://example.com", "http://example.com", false},
           Match{"https://example.com", "https://example.com:8443", false},
           Match{"https://example.com", "https://www.example.com", false},
           Match{"https://example.com", "https://example.com.evil.org", false},
           Match{"https://example.com:8443", "https://example.com:8443", true},
           Match{"https://example.com:8443", "https://example.com", false},
           Match{"example.com", "http://example.com:8080", true},
           Match{"example.com:80", "http://example.com:80", true},
           Match{"example.com:80", "http://example.com:81", false},
           Match{"*.example.com", "https://www.example.com", true},
           Match{"*.example.com", "http://a.b.example.com:1", true},
           Match{"*.example.com", "https://example.com", false},
           Match{"*.example.com", "https://.example.com", false},
           Match{"*.example.com", "https://evilexample.com", false},
           Match{"*.example.com", "https://a.example.com.evil.org", false},
           Match{"https://*.example.com", "https://a.example.com", true},
           Match{"https://*.example.com", "http://a.example.com", false},
           Match{"http://[::1]:8080", "http://[::1]:8080", true},
           Match{"[::1]", "http://[::1]", true},
           Match{"null", "null", true},
           Match{"null", "https://null.org", false},
           Match{"example.com", "", false},
           Match{"example.com", "https://example.com/path", false},
           Match{"example.com", "https://evil.org/://example.com", false},
           Match{"example.com", "https://evil.org@example.com", false},
       }) {
    const auto pattern = parse_origin_pattern(item.pattern);
    ASSERT_TRUE(pattern) << item.pattern;
    EXPECT_EQ(pattern->matches(item.origin), item.matches) << item.pattern << ' ' << item.origin;
  }
}

TEST(OriginTest, WhatIsNoPatternIsRefused) {
  for (const char* text : {"", "*", "*.", "https://", "https://a/", "a b", "https://*", "a.*.b",
                           "ht tp://a", "a:x", "a:", "http://a/b"}) {
    EXPECT_FALSE(parse_origin_pattern(text)) << text;
  }
}

}  // namespace
}  // namespace peer
