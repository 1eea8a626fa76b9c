#include "core/net/http/client_address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/net/http/http_request.h"

namespace peer {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr const char* kProxy = "10.0.0.1";

class ClientAddressTest : public testing::Test {
 protected:
  ProxyClient ask(HttpHeaders headers, ProxyHeader header = ProxyHeader::kAuto,
                  const std::optional<Address>& proxy_protocol = std::nullopt) {
    trust_.header = header;
    HttpRequest request;
    request.headers = std::move(headers);
    return client_of_proxy(trust_, parse_address(kProxy).value(), proxy_protocol, request);
  }
  std::string client(HttpHeaders headers, ProxyHeader header = ProxyHeader::kAuto) {
    return ask(std::move(headers), header).client.address.text();
  }

  ProxyTrust trust_{
      {parse_address_range("10.0.0.0/8").value(), parse_address_range("2001:db8::1").value()},
      ProxyHeader::kAuto};
};

TEST_F(ClientAddressTest, XForwardedForNamesTheRightMostHopThatIsNoProxy) {
  struct Row {
    const char* header;
    const char* client;
  };
  for (const Row& row : {
           Row{"1.1.1.1", "1.1.1.1"},
           Row{"9.9.9.9, 1.1.1.1", "1.1.1.1"},
           Row{"9.9.9.9, 1.1.1.1 ,10.0.0.2", "1.1.1.1"},
           Row{"10.0.0.3,10.0.0.2", "10.0.0.3"},
           Row{"2001:db8:2::5, 2001:db8::1", "2001:db8:2::5"},
           Row{"1.1.1.1:5555", "1.1.1.1"},
           Row{"[2001:db8:3::1]:5555", "2001:db8:3::1"},
           Row{"9.9.9.9, garbage", kProxy},
           Row{"9.9.9.9, garbage, 10.0.0.2", "10.0.0.2"},
           Row{"9.9.9.9, unknown", kProxy},
           Row{"unix:", kProxy},
           Row{"", kProxy},
           Row{",", kProxy},
           Row{"[", kProxy},
       }) {
    EXPECT_EQ(client({{"X-Forwarded-For", row.header}}), row.client) << row.header;
  }
  EXPECT_EQ(client({}), kProxy);
  EXPECT_EQ(client({{"X-Forwarded-For", "9.9.9.9"}, {"x-forwarded-for", "1.1.1.1, 10.0.0.2"}}),
            "1.1.1.1");
  EXPECT_EQ(client({{"X-Forwarded-For", "1.1.1.1"}, {"X-Forwarded-For", "10.0.0.2"}}), "1.1.1.1");
}

TEST_F(ClientAddressTest, ForwardedIsReadLikeIt) {
  struct Row {
    const char* header;
    const char* client;
  };
  for (const Row& row : {
           Row{"for=1.1.1.1", "1.1.1.1"},
           Row{"for=9.9.9.9, for=1.1.1.1;proto=https, for=10.0.0.2", "1.1.1.1"},
           Row{R"(for="[2001:db8:3::1]:5555")", "2001:db8:3::1"},
           Row{R"(for="1.1.1.1:5555")", "1.1.1.1"},
           Row{"for=1.1.1.1, for=unknown", kProxy},
           Row{"for=1.1.1.1, for=_hidden, for=10.0.0.2", "10.0.0.2"},
           Row{R"(for="unix:")", kProxy},
           Row{"for=1.1.1.1, proto=http", kProxy},
           Row{R"(for=9.9.9.9;x=", for="1.1.1.1")", kProxy},
       }) {
    EXPECT_EQ(client({{"Forwarded", row.header}}), row.client) << row.header;
  }
  // An open quote of the client's line does not reach into the proxy's.
  EXPECT_EQ(client({{"Forwarded", R"(for=")"}, {"Forwarded", "for=1.1.1.1"}}), "1.1.1.1");
}

TEST_F(ClientAddressTest, OfTwoXRealIpOneIsTheClientsOwn) {
  EXPECT_EQ(client({{"X-Real-IP", " 1.1.1.1"}}), "1.1.1.1");
  EXPECT_EQ(client({{"X-Real-IP", "garbage"}}), kProxy);
  EXPECT_EQ(client({{"X-Real-IP", "9.9.9.9"}, {"X-Real-IP", "1.1.1.1"}}), kProxy);
}

TEST_F(ClientAddressTest, OneThatIsNamedIsBelievedAndTheOthersAreIgnored) {
  const HttpHeaders all{
      {"X-Forwarded-For", "1.1.1.1"}, {"X-Real-IP", "2.2.2.2"}, {"Forwarded", "for=3.3.3.3"}};
  EXPECT_EQ(client(all, ProxyHeader::kXForwardedFor), "1.1.1.1");
  EXPECT_EQ(client(all, ProxyHeader::kXRealIp), "2.2.2.2");
  EXPECT_EQ(client(all, ProxyHeader::kForwarded), "3.3.3.3");
  EXPECT_EQ(ask(all, ProxyHeader::kProxyProtocol, parse_address("4.4.4.4")).client.address.text(),
            "4.4.4.4");
  EXPECT_EQ(client(all, ProxyHeader::kProxyProtocol), kProxy);
  EXPECT_EQ(client({{"X-Forwarded-For", "1.1.1.1"}}, ProxyHeader::kXRealIp), kProxy);
}

TEST_F(ClientAddressTest, OfTwoThatDifferNoneIsBelieved) {
  const ProxyClient found = ask({{"X-Real-IP", "2.2.2.2"}, {"X-Forwarded-For", "1.1.1.1"}});
  EXPECT_EQ(found.client.address.text(), kProxy);
  EXPECT_EQ(found.problem,
            "the trusted proxy 10.0.0.1 names different clients in X-Forwarded-For and X-Real-IP: "
            "its own address counts for its clients; name the one that it sets in "
            "trusted_proxy_header");
  EXPECT_EQ(client({{"Forwarded", "for=unknown"}, {"X-Real-IP", "2.2.2.2"}}), kProxy);
  EXPECT_EQ(ask({{"X-Forwarded-For", "1.1.1.1"}}, ProxyHeader::kAuto, parse_address("4.4.4.4"))
                .client.address.text(),
            kProxy);
}

TEST_F(ClientAddressTest, ThoseThatAgreeAreBelieved) {
  const ProxyClient found =
      ask({{"X-Real-IP", "1.1.1.1"}, {"X-Forwarded-For", "9.9.9.9, 1.1.1.1"}}, ProxyHeader::kAuto);
  EXPECT_EQ(found.client.address.text(), "1.1.1.1");
  EXPECT_EQ(found.problem, "");
}

TEST_F(ClientAddressTest, AProxyThatHidesItsClientIsNamedInTheLog) {
  EXPECT_THAT(ask({{"Forwarded", "for=_hidden"}}).problem,
              AllOf(HasSubstr("the trusted proxy 10.0.0.1 names no address in Forwarded"),
                    HasSubstr("trusted_proxy_header")));
  EXPECT_THAT(ask({{"Upgrade", "websocket"}}, ProxyHeader::kXRealIp).problem,
              HasSubstr("the trusted proxy 10.0.0.1 sends no X-Real-IP"));
  EXPECT_EQ(ask({}, ProxyHeader::kXRealIp).problem, "") << "a health check of the proxy itself";
}

TEST_F(ClientAddressTest, WhatComesThroughAProxyIsNeverOnThisMachine) {
  trust_.proxies.push_back(parse_address_range("127.0.0.1").value());
  const Address loopback = parse_address("127.0.0.1").value();
  const auto is_local = [&](HttpHeaders headers, std::optional<Address> proxy_protocol = {}) {
    HttpRequest request;
    request.headers = std::move(headers);
    return client_of_proxy(trust_, loopback, proxy_protocol, request).client.is_local();
  };
  EXPECT_TRUE(is_local({}));
  for (const char* name : {"X-Forwarded-For", "X-Real-IP"}) {
    for (const char* value : {"127.0.0.1", "::1", "unknown", ""}) {
      EXPECT_FALSE(is_local({{name, value}})) << name << value;
    }
  }
  EXPECT_FALSE(is_local({{"Forwarded", "for=127.0.0.1"}}));
  EXPECT_FALSE(is_local({}, loopback));
  EXPECT_FALSE(is_local({{"X-Forwarded-For", "1.1.1.1"}, {"X-Real-IP", "2.2.2.2"}}));
  trust_.header = ProxyHeader::kXRealIp;
  EXPECT_FALSE(is_local({{"X-Forwarded-For", "127.0.0.1"}}));
}

}  // namespace
}  // namespace peer
