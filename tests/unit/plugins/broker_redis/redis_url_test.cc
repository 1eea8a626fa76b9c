#include "redis_url.h"

#include <gtest/gtest.h>

namespace peer_redis {
namespace {

RedisUrl url_of(std::string_view text) {
  const auto url = parse_redis_url(text);
  EXPECT_TRUE(url) << text;
  return url.value_or(RedisUrl());
}

TEST(RedisUrl, AnAddressAloneSaysNothingOfTlsAndUser) {
  for (const char* text : {"redis", "redis:6379"}) {
    const RedisUrl url = url_of(text);
    EXPECT_EQ(to_text(url.endpoint), "redis:6379");
    EXPECT_EQ(url.tls, std::nullopt);
    EXPECT_EQ(url.db, std::nullopt);
  }
  EXPECT_EQ(to_text(url_of("[::1]:7").endpoint), "[::1]:7");
}

TEST(RedisUrl, HasUserPasswordHostPortAndDatabase) {
  const RedisUrl url = url_of("rediss://user:pass@host:6380/3");
  EXPECT_EQ(to_text(url.endpoint), "host:6380");
  EXPECT_EQ(url.tls, std::optional(true));
  EXPECT_EQ(url.username, "user");
  EXPECT_EQ(url.password, "pass");
  EXPECT_EQ(url.db, std::optional(std::int64_t{3}));
}

TEST(RedisUrl, PartsMayBeMissing) {
  EXPECT_EQ(to_text(url_of("redis://host").endpoint), "host:6379");
  EXPECT_EQ(url_of("redis://host/").db, std::nullopt);
  EXPECT_EQ(url_of("redis://host?db=4").db, std::optional(std::int64_t{4}));
  EXPECT_EQ(url_of("redis://:p@host").username, "");
  EXPECT_EQ(url_of("redis://:p@host").password, "p");
  EXPECT_EQ(url_of("redis://u@host").username, "u");
  EXPECT_EQ(url_of("redis://u@[::1]:5/0").endpoint.host, "::1");
}

TEST(RedisUrl, UserAndPasswordAreDecoded) {
  const RedisUrl url = url_of("redis://a%40b:p%3a%2F%25%2c@host:1");
  EXPECT_EQ(url.username, "a@b");
  EXPECT_EQ(url.password, "p:/%,");
  EXPECT_EQ(url_of("redis://a:b:c@host").password, "b:c");
  for (const char* text :
       {"redis://a:%@h", "redis://a:%4@h", "redis://a:%4g@h", "redis://a:%+4@h"}) {
    EXPECT_FALSE(parse_redis_url(text)) << text;
  }
}

TEST(RedisUrl, AUnixSocketIsAPath) {
  for (const char* text : {"unix:///run/redis.sock", "unix:/run/redis.sock",
                           "redis+unix:///run/redis.sock", "unix:///run/re%64is.sock"}) {
    EXPECT_EQ(url_of(text).endpoint.path, "/run/redis.sock") << text;
  }
  const RedisUrl url = url_of("unix://u:p@/run/redis.sock?db=2");
  EXPECT_EQ(to_text(url.endpoint), "/run/redis.sock");
  EXPECT_EQ(url.username, "u");
  EXPECT_EQ(url.password, "p");
  EXPECT_EQ(url.db, std::optional(std::int64_t{2}));
}

TEST(RedisUrl, WhatIsNoAddressHasNoReading) {
  for (const std::string& text :
       {std::string(), std::string("redis://"), std::string("http://a"), std::string("a b:1"),
        std::string("/run/redis.sock"), std::string("redis:0"), std::string("a:b"),
        std::string("[::1"), std::string("[host]:1"), std::string("redis://h/x"),
        std::string("redis://h/1?db=2"), std::string("redis://h?ssl=1"),
        std::string("redis://h/-1"), std::string("unix:"), std::string("unix:run/a"),
        std::string("unix:///a%00b"), "unix:///" + std::string(200, 'a'),
        "redis://" + std::string(5000, 'a'), std::string("u:p@host:1")}) {
    EXPECT_FALSE(parse_redis_url(text)) << text;
  }
}

TEST(RedisUrl, SeveralHaveCommasBetweenThem) {
  const auto urls = parse_redis_urls("a:1, redis://u:p@b:2,c");
  ASSERT_EQ(urls.size(), 3U);
  EXPECT_EQ(to_text(urls[1].endpoint), "b:2");
  EXPECT_EQ(to_text(urls[2].endpoint), "c:6379");
  EXPECT_TRUE(parse_redis_urls("a:1,,b:2").empty());
  std::string many = "a";
  for (int i = 0; i < 64; ++i) many += ",a";
  EXPECT_TRUE(parse_redis_urls(many).empty());
}

TEST(Moved, LeadsToAHostAndPort) {
  const auto to = [](std::string_view error) {
    const auto there = parse_moved(error, "asked");
    return there ? to_text(*there) : std::string();
  };
  EXPECT_EQ(to("MOVED 3999 127.0.0.1:6381"), "127.0.0.1:6381");
  EXPECT_EQ(to("MOVED 3999 redis-1.internal:6381"), "redis-1.internal:6381");
  EXPECT_EQ(to("MOVED 3999 ::1:6381"), "[::1]:6381");
  EXPECT_EQ(to("MOVED 3999 :6381"), "asked:6381");
  EXPECT_EQ(to("MOVED 3999 ?:6381"), "asked:6381");
  for (const char* none : {"MOVED 3999", "MOVED 3999 a", "MOVED 3999 a:0", "MOVED 3999 a b:1",
                           "ASK 3999 127.0.0.1:6381", "ERR", ""}) {
    EXPECT_EQ(to(none), "") << none;
  }
  EXPECT_EQ(to("MOVED 1 " + std::string(1000, 'a') + ":1"), "");
}

TEST(Switch, NamesTheNewAddressOfItsMasterAlone) {
  const auto there = parse_switch("mine 10.0.0.1 6379 10.0.0.2 6380", "mine");
  ASSERT_TRUE(there);
  EXPECT_EQ(to_text(*there), "10.0.0.2:6380");
  for (const char* none : {"other 10.0.0.1 6379 10.0.0.2 6380", "mine 10.0.0.1 6379 10.0.0.2",
                           "mine 10.0.0.1 6379 10.0.0.2 6380 x", "mine a 1 b x", ""}) {
    EXPECT_FALSE(parse_switch(none, "mine")) << none;
  }
}

}  // namespace
}  // namespace peer_redis
