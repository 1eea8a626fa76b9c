#include "core/base/address.h"

#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace peer {
namespace {

Address address(const char* text) { return parse_address(text).value(); }

TEST(AddressTest, IsWrittenAsItIsRead) {
  for (const char* text : {"192.0.2.1", "0.0.0.0", "::1", "2001:db8::1"}) {
    EXPECT_EQ(address(text).text(), text);
  }
}

TEST(AddressTest, V4HasOneForm) {
  EXPECT_EQ(address("::ffff:192.0.2.1"), address("192.0.2.1"));
  EXPECT_EQ(address("::ffff:192.0.2.1").text(), "192.0.2.1");
}

TEST(AddressTest, WhatIsNoAddressIsRefused) {
  for (const char* text : {"", "1", "1.2.3", "1.2.3.256", "1.2.3.4 ", "01.2.3.4", "1.2.3.4:80",
                           "localhost", "[::1]", "::1%lo", ":::", "1.2.3.4/8"}) {
    EXPECT_EQ(parse_address(text), std::nullopt) << text;
  }
  EXPECT_EQ(parse_address(std::string(100, '1')), std::nullopt);
}

TEST(AddressTest, LoopbackIsAllOf127AndOneV6Address) {
  EXPECT_TRUE(address("127.0.0.1").is_loopback());
  EXPECT_TRUE(address("127.9.9.9").is_loopback());
  EXPECT_TRUE(address("::1").is_loopback());
  EXPECT_TRUE(address("::ffff:127.0.0.1").is_loopback());
  EXPECT_FALSE(address("128.0.0.1").is_loopback());
  EXPECT_FALSE(address("::2").is_loopback());
  EXPECT_FALSE(address("::").is_loopback());
  EXPECT_EQ(Address{}.text(), "unix");
}

TEST(AddressTest, ASubscriberHasOneV4AddressOrASlash64) {
  EXPECT_EQ(address("192.0.2.1").subscriber(), address("192.0.2.1"));
  EXPECT_EQ(address("2001:db8:1:2:3:4:5:6").subscriber(), address("2001:db8:1:2::"));
  EXPECT_EQ(address("2001:db8:1:2:ffff::1").subscriber(), address("2001:db8:1:2::9").subscriber());
  EXPECT_NE(address("2001:db8:1:3::1").subscriber(), address("2001:db8:1:2::1").subscriber());
}

struct Containment {
  const char* range;
  const char* address;
  bool inside;
};

TEST(AddressRangeTest, ContainsWhatSharesItsPrefix) {
  for (const Containment& item : {
           Containment{"10.0.0.0/8", "10.255.0.1", true},
           Containment{"10.0.0.0/8", "11.0.0.1", false},
           Containment{"192.0.2.128/25", "192.0.2.128", true},
           Containment{"192.0.2.128/25", "192.0.2.127", false},
           Containment{"192.0.2.1", "192.0.2.1", true},
           Containment{"192.0.2.1", "192.0.2.2", false},
           Containment{"0.0.0.0/0", "8.8.8.8", true},
           Containment{"0.0.0.0/0", "2001:db8::1", false},
           Containment{"2001:db8::/32", "2001:db8:ffff::1", true},
           Containment{"2001:db8::/33", "2001:db8:8000::1", false},
           Containment{"::/0", "2001:db8::1", true},
           Containment{"::1", "::1", true},
       }) {
    const auto range = parse_address_range(item.range);
    ASSERT_TRUE(range) << item.range;
    EXPECT_EQ(range->contains(address(item.address)), item.inside) << item.range << item.address;
  }
}

TEST(AddressRangeTest, WhatIsNoRangeIsRefused) {
  for (const char* text : {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x",
                           "10.0.0.1/8", "2001:db8::1/64", "::/129", "example.com/8"}) {
    EXPECT_FALSE(parse_address_range(text)) << text;
  }
}

TEST(ListenHostTest, IsAnAddressOrANameWithoutBracketsOrPort) {
  const std::pair<const char*, const char*> kGood[] = {{"0.0.0.0", "0.0.0.0"},
                                                       {"::", "::"},
                                                       {"[::]", "::"},
                                                       {"[2001:db8::1]", "2001:db8::1"},
                                                       {"localhost", "localhost"},
                                                       {"a-b_c.example.com.", "a-b_c.example.com."},
                                                       {"fe80::1%eth0", "fe80::1%eth0"},
                                                       {"[fe80::1%eth0.2]", "fe80::1%eth0.2"}};
  for (const auto& [text, host] : kGood) EXPECT_EQ(parse_listen_host(text), host) << text;
  for (const char* text : {"",
                           "127.0.0.1:8080",
                           "[::]:8080",
                           "[::",
                           "::]",
                           "[127.0.0.1]",
                           "[localhost]",
                           "127.0.0.256",
                           "1.2.3",
                           "127",
                           "127.0.0.1%eth0",
                           "fe80::1%",
                           "fe80::1%a b",
                           "${HOST}",
                           "\"localhost\"",
                           "'::'",
                           "http://a",
                           "a b",
                           "a..b",
                           ".a",
                           "a:80",
                           "*",
                           "localhost%lo"}) {
    EXPECT_FALSE(parse_listen_host(text)) << text;
  }
  EXPECT_FALSE(parse_listen_host(std::string(254, 'a')));
}

TEST(ListenHostTest, APortIsWrittenBehindBracketsOfIpv6) {
  EXPECT_EQ(with_port("::", 8080), "[::]:8080");
  EXPECT_EQ(with_port("0.0.0.0", 80), "0.0.0.0:80");
  EXPECT_EQ(with_port("localhost", 1), "localhost:1");
}

}  // namespace
}  // namespace peer
