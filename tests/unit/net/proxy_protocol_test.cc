#include "core/net/proxy_protocol.h"

#include <gtest/gtest.h>

#include <string>

namespace peer {
namespace {

using namespace std::string_literals;
using Status = ProxyHeaderRead::Status;

const std::string kSignature = "\r\n\r\n\0\r\nQUIT\n"s;
const std::string kTcp4 = "PROXY TCP4 192.0.2.1 198.51.100.1 40000 443\r\n";
const std::string kTcp6 = "PROXY TCP6 2001:db8::1 2001:db8::2 40000 443\r\n";

/// A header of version 2: command, family and what follows the length.
std::string version_2(unsigned command, unsigned family, const std::string& rest) {
  std::string header = kSignature;
  header += static_cast<char>(command);
  header += static_cast<char>(family);
  header += static_cast<char>(rest.size() >> 8);
  header += static_cast<char>(rest.size() & 0xFF);
  return header + rest;
}
const std::string kV4Block = "\xC0\x00\x02\x01\xC6\x33\x64\x01\x9C\x40\x01\xBB"s;
const std::string kV6Block = "\x20\x01\x0D\xB8"s + std::string(11, '\0') + "\x01" +
                             "\x20\x01\x0D\xB8"s + std::string(11, '\0') + "\x02" +
                             "\x9C\x40\x01\xBB"s;

/// The client, or what else was read.
std::string client_in(const std::string& bytes) {
  const ProxyHeaderRead read = read_proxy_header(bytes);
  if (read.status == Status::kInvalid) return "invalid";
  if (read.status == Status::kIncomplete) return "incomplete";
  return read.client ? read.client->text() : "nobody";
}

/// The header is incomplete up to its last byte, and ends with it.
void expect_header(const std::string& header, const std::string& client) {
  for (std::size_t cut = 0; cut < header.size(); ++cut) {
    EXPECT_EQ(client_in(header.substr(0, cut)), "incomplete") << "cut at " << cut;
  }
  for (const std::string& behind : {""s, "G"s, "GET / HTTP/1.1\r\n\r\n"s, "\x16\x03\x01"s}) {
    EXPECT_EQ(client_in(header + behind), client);
    EXPECT_EQ(read_proxy_header(header + behind).size, header.size());
  }
}

TEST(ProxyProtocolTest, ALineNamesTheClient) {
  expect_header(kTcp4, "192.0.2.1");
  expect_header(kTcp6, "2001:db8::1");
  expect_header("PROXY TCP6 ::ffff:192.0.2.1 ::1 0 65535\r\n", "192.0.2.1");
  expect_header("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255");
}

TEST(ProxyProtocolTest, ALineMayNotKnowTheClient) {
  expect_header("PROXY UNKNOWN\r\n", "nobody");
  expect_header("PROXY UNKNOWN 192.0.2.1 198.51.100.1 40000 443\r\n", "nobody");
  expect_header("PROXY UNKNOWN " + std::string(91, 'f') + "\r\n", "nobody");  // 107 bytes
}

TEST(ProxyProtocolTest, ALineOf108BytesIsNone) {
  const std::string line = "PROXY UNKNOWN " + std::string(92, 'f');
  EXPECT_EQ(client_in(line), "incomplete");
  EXPECT_EQ(client_in(line + "\r"), "invalid");
  EXPECT_EQ(client_in(line + "\r\n"), "invalid");
}

TEST(ProxyProtocolTest, ALineIsWrittenInOneWayOnly) {
  for (const std::string line :
       {"PROXY \r\n", "PROXY TCP4\r\n", "PROXY TCP5 192.0.2.1 198.51.100.1 40000 443\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 40000\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 40000 443 \r\n",
        "PROXY TCP4  192.0.2.1 198.51.100.1 40000 443\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 40000 443 more\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 040 443\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 40000 65536\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 -1 443\r\n",
        "PROXY TCP4 192.0.2 198.51.100.1 40000 443\r\n",
        "PROXY TCP4 2001:db8::1 198.51.100.1 40000 443\r\n",
        "PROXY TCP6 192.0.2.1 198.51.100.1 40000 443\r\n",
        "PROXY TCP6 2001:db8::1%eth0 2001:db8::2 40000 443\r\n", "PROXY UNKNOWNS\r\n",
        "PROXY tcp4 192.0.2.1 198.51.100.1 40000 443\r\n"}) {
    EXPECT_EQ(client_in(line), "invalid") << line;
  }
}

TEST(ProxyProtocolTest, WhatIsNoHeaderIsKnownByItsFirstWrongByte) {
  EXPECT_EQ(client_in("G"), "invalid");
  EXPECT_EQ(client_in("\x16"), "invalid");
  EXPECT_EQ(client_in("PRI"), "invalid");
  EXPECT_EQ(client_in("PROXY\r"), "invalid");
  EXPECT_EQ(client_in("\r\n\r\n\0\r\nQUIT\r"s), "invalid");
  EXPECT_EQ(client_in("\r\n\r\nG"), "invalid");
}

TEST(ProxyProtocolTest, ABinaryHeaderNamesTheClient) {
  expect_header(version_2(0x21, 0x11, kV4Block), "192.0.2.1");
  expect_header(version_2(0x21, 0x21, kV6Block), "2001:db8::1");
}

TEST(ProxyProtocolTest, FieldsBehindTheAddressesAreSkipped) {
  const std::string unique_id = "\x05\x00\x04"s + "abcd";
  const std::string broken = "\x03\xFF\xFF\x00"s;
  expect_header(version_2(0x21, 0x11, kV4Block + unique_id + broken), "192.0.2.1");
  expect_header(version_2(0x21, 0x21, kV6Block + std::string(484, 'x')), "2001:db8::1");
}

TEST(ProxyProtocolTest, AHeaderOf537BytesIsNone) {
  EXPECT_EQ(version_2(0x21, 0x11, kV4Block + std::string(508, 'x')).size(), kMaxProxyHeader);
  expect_header(version_2(0x21, 0x11, kV4Block + std::string(508, 'x')), "192.0.2.1");
  const std::string too_long = version_2(0x21, 0x11, kV4Block + std::string(509, 'x'));
  EXPECT_EQ(client_in(too_long.substr(0, 15)), "incomplete");
  EXPECT_EQ(client_in(too_long.substr(0, 16)), "invalid");
}

TEST(ProxyProtocolTest, ALocalConnectionIsTheProxysOwn) {
  expect_header(version_2(0x20, 0x00, ""), "nobody");
  expect_header(version_2(0x20, 0x11, kV4Block), "nobody");
  expect_header(version_2(0x20, 0xFF, "whatever"), "nobody");
  EXPECT_EQ(local_proxy_header(), version_2(0x20, 0x00, ""));
}

TEST(ProxyProtocolTest, ABinaryHeaderMayKnowNoInternetAddress) {
  expect_header(version_2(0x21, 0x00, ""), "nobody");
  expect_header(version_2(0x21, 0x31, std::string(216, 'u')), "nobody");
}

TEST(ProxyProtocolTest, ABinaryHeaderOfAnotherKindIsNone) {
  EXPECT_EQ(client_in(version_2(0x11, 0x11, kV4Block)), "invalid");               // version 1
  EXPECT_EQ(client_in(version_2(0x22, 0x11, kV4Block)), "invalid");               // command 2
  EXPECT_EQ(client_in(version_2(0x21, 0x12, kV4Block)), "invalid");               // UDP
  EXPECT_EQ(client_in(version_2(0x21, 0x41, kV4Block)), "invalid");               // family 4
  EXPECT_EQ(client_in(version_2(0x21, 0x11, kV4Block.substr(1))), "invalid");     // too short
  EXPECT_EQ(client_in(version_2(0x21, 0x21, kV6Block.substr(1))), "invalid");     // too short
  EXPECT_EQ(client_in(version_2(0x21, 0x31, std::string(215, 'u'))), "invalid");  // too short
}

}  // namespace
}  // namespace peer
