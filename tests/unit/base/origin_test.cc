#include "core/base/origin.h"

#include <utility>

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
           Match{"http://[0:0::1]", "http://[::1]", true},
           Match{"HTTPS://Example.COM", "https://example.com", true},
           Match{"ws://example.com", "http://example.com", true},
           Match{"ws://example.com", "ws://example.com", true},
           Match{"https://example.com", "wss://example.com:443", true},
           Match{"https://example.com", "ws://example.com", false},
           Match{"https://example.com", "wss://example.com/ws", false},
           Match{"wss://example.com:443", "https://example.com", true},
           Match{"wss://example.com", "http://example.com", false},
           Match{"https://example.com:443", "https://example.com", true},
           Match{"http://example.com:80", "http://example.com", true},
           Match{"http://example.com:443", "http://example.com", false},
           Match{"https://example.com:08443", "https://example.com:8443", true},
           Match{"https://example.com/", "https://example.com", true},
           Match{"example.com:443", "https://example.com", true},
           Match{"example.com:443", "http://example.com", false},
           Match{"example.com:443", "http://example.com:443", true},
           Match{"*.example.com:80", "http://a.example.com", true},
           Match{"capacitor://localhost", "capacitor://localhost", true},
           Match{"chrome-extension://abc", "chrome-extension://abc", true},
           Match{"localhost", "http://127.0.0.1", false},
           Match{"null", "null", true},
           Match{"null", "", false},
           Match{"null", "https://example.com", false},
           Match{"*.example.com", "null", false},
           Match{"*.example.com", "https://evil.org/.example.com", false},
           Match{"*.example.com", "https://evil.org?.example.com", false},
           Match{"*.example.com", "https://evil.org#.example.com", false},
           Match{"*.example.com", "https://evil.org@a.example.com", false},
           Match{"*.example.com", "https://evil.org:80/.example.com", false},
           Match{"*.example.com", "https://evil..example.com", false},
           Match{"*.example.com", "https://a b.example.com", false},
           Match{"*.example.com", "a.example.com", false},
           Match{"*.example.com", "://a.example.com", false},
           Match{"*.example.com", "https://a.example.com/", false},
           Match{"*.example.com", "https://a.example.com:", false},
           Match{"*.example.com", "https://a.example.com:0", false},
           Match{"*.example.com", "https://a.example.com:65536", false},
           Match{"*.example.com", "https://a.example.com https://b.example.com", false},
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

TEST(OriginTest, WhatNoBrowserSendsIsRefusedWithTheReason) {
  const std::pair<const char*, const char*> kBad[] = {
      {"", "no host"},
      {"*.", "no host"},
      {"https://", "no host"},
      {"file://", "no host"},
      {"*", "a host that is no host name"},
      {"a b", "a host that is no host name"},
      {"https://*", "a host that is no host name"},
      {"a.*.b", "a host that is no host name"},
      {"::1", "a host that is no host name"},
      {"[example.com]", "brackets without an IPv6 address"},
      {"1.2.3", "a bad IPv4 address"},
      {"*.[::1]", "'*.' before an address"},
      {"https://m\xC3\xBCnchen.de", "letters that browsers send in their ASCII form, xn--..."},
      {"ht tp://a", "a bad scheme"},
      {"a:x", "a port that is no number from 1 to 65535"},
      {"a:", "a port that is no number from 1 to 65535"},
      {"https://a:65536", "a port that is no number from 1 to 65535"},
      {"http://a/b", "a path"},
      {"a/b", "a path"},
      {"http://a//", "a path"},
      {"http://a?b", "a path"},
      {"http://user@a", "a user"},
  };
  for (const auto& [text, reason] : kBad) {
    const auto pattern = parse_origin_pattern(text);
    ASSERT_FALSE(pattern) << text;
    EXPECT_EQ(pattern.error().message, reason) << text;
  }
}

}  // namespace
}  // namespace peer
