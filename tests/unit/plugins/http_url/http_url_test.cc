#include "http_url.h"

#include <gtest/gtest.h>

namespace peer_http {
namespace {

TEST(HttpUrlTest, AllPartsAreRead) {
  const auto url = parse_http_url("https://id.example/.well-known/jwks.json?v=1");
  ASSERT_TRUE(url);
  EXPECT_TRUE(url->https);
  EXPECT_EQ(url->host, "id.example");
  EXPECT_EQ(url->port, 443);
  EXPECT_EQ(url->target, "/.well-known/jwks.json?v=1");
  const auto other = parse_http_url("http://[::1]:8081");
  ASSERT_TRUE(other);
  EXPECT_FALSE(other->https);
  EXPECT_EQ(other->host, "::1");
  EXPECT_EQ(other->port, 8081);
  EXPECT_EQ(other->target, "/");
}

TEST(HttpUrlTest, WhatIsNoSuchUrlIsRefused) {
  for (const char* text :
       {"", "id.example/jwks", "ftp://id.example/", "file:///etc/passwd", "https://",
        "https:///path", "https://user:pass@id.example/", "https://id.example/#keys",
        "https://id.example:0/", "https://id.example:99999/"}) {
    EXPECT_FALSE(parse_http_url(text)) << text;
  }
}

TEST(HttpUrlTest, ItsTextIsWhatWasRead) {
  for (const char* text :
       {"https://id.example:443/a?b=c", "http://[::1]:8081/", "http://10.0.0.1:80/"}) {
    EXPECT_EQ(text_of(*parse_http_url(text)), text);
  }
}

TEST(HttpUrlTest, HttpToAPublicAddressIsOpen) {
  const auto is_open = [](const char* text) { return is_open_http(*parse_http_url(text)); };
  EXPECT_TRUE(is_open("http://8.8.8.8/"));
  EXPECT_FALSE(is_open("https://8.8.8.8/"));
  EXPECT_FALSE(is_open("http://10.0.0.1/"));
  EXPECT_FALSE(is_open("http://id.example/"));  // not known yet
}

TEST(HttpUrlTest, LoopbackAndPrivateAddressesArePrivate) {
  for (const char* host : {"127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.0.1", "172.31.255.255",
                           "192.168.1.1", "::1", "fc00::1", "fdff::1", "::ffff:10.0.0.1"}) {
    EXPECT_TRUE(is_private_host(host)) << host;
  }
}

TEST(HttpUrlTest, AllOthersAreNot) {
  for (const char* host : {"8.8.8.8", "172.15.0.1", "172.32.0.1", "192.169.0.1", "11.0.0.1",
                           "169.254.169.254", "0.0.0.0", "::", "fe80::1", "2001:db8::1",
                           "::ffff:8.8.8.8", "localhost", "id.example", "127.1", ""}) {
    EXPECT_FALSE(is_private_host(host)) << host;
  }
}

}  // namespace
}  // namespace peer_http
