#include "core/limit/admission.h"

#include <gtest/gtest.h>

#include <string>

#include "core/net/http/http_request.h"

namespace peer {
namespace {

using namespace std::chrono_literals;

const Address kAliceAddress = parse_address("192.0.2.1").value();
const Address kBobAddress = parse_address("192.0.2.2").value();

AdmissionLimits unlimited() { return {0, 0, 1, 0, 0, true, {}}; }

bool enters(Admission& admission, const ClientAddress& client, Time now) {
  const Refusal refusal = admission.enter(client, now);
  if (refusal != Refusal::kNone) admission.note_refused(refusal, client.address, now);
  return refusal == Refusal::kNone;
}
bool enters(Admission& admission, const Address& address, Time now) {
  return enters(admission, ClientAddress{address, false}, now);
}

class AdmissionTest : public testing::Test {
 protected:
  static int enter_until_refused(Admission& admission, const Address& address, Time now) {
    int count = 0;
    while (count < 10'000 && enters(admission, address, now)) ++count;
    return count;
  }
  const Time now_ = Time(1'000'000ms);
};

TEST_F(AdmissionTest, BoundsTheConnectionsOfOneAddress) {
  AdmissionLimits limits = unlimited();
  limits.max_connections_per_ip = 3;
  Admission admission(limits);
  EXPECT_EQ(enter_until_refused(admission, kAliceAddress, now_), 3);
  EXPECT_EQ(enter_until_refused(admission, kBobAddress, now_), 3);
  admission.leave(kAliceAddress, false);
  EXPECT_EQ(enter_until_refused(admission, kAliceAddress, now_), 1);
  EXPECT_EQ(admission.refused(), 3U);
}

TEST_F(AdmissionTest, BoundsNewConnectionsASecond) {  // 10/s, burst 5
  AdmissionLimits limits = unlimited();
  limits.connection_rate_per_ip = 10;
  limits.connection_burst_per_ip = 5;
  Admission admission(limits);
  EXPECT_EQ(enter_until_refused(admission, kAliceAddress, now_), 5);
  EXPECT_EQ(enter_until_refused(admission, kAliceAddress, now_ + 99ms), 0);
  EXPECT_EQ(enter_until_refused(admission, kAliceAddress, now_ + 100ms), 1);
  EXPECT_EQ(enter_until_refused(admission, kAliceAddress, now_ + 400ms), 3);
  EXPECT_EQ(enter_until_refused(admission, kBobAddress, now_ + 400ms), 5);
  EXPECT_EQ(enter_until_refused(admission, kAliceAddress, now_ + 1h), 5);
}

TEST_F(AdmissionTest, ReconnectingDoesNotRefillTheBurst) {
  AdmissionLimits limits = unlimited();
  limits.connection_rate_per_ip = 10;
  limits.connection_burst_per_ip = 5;
  Admission admission(limits);
  int entered = 0;
  for (int i = 0; i < 100; ++i) {
    if (!enters(admission, kAliceAddress, now_)) continue;
    ++entered;
    admission.leave(kAliceAddress, false);
  }
  EXPECT_EQ(entered, 5);
}

TEST_F(AdmissionTest, BoundsTheUnregisteredOfOneAddressAndOfAll) {
  AdmissionLimits limits = unlimited();
  limits.max_unregistered_per_ip = 3;
  limits.max_unregistered = 5;
  Admission admission(limits);
  EXPECT_EQ(enter_until_refused(admission, kAliceAddress, now_), 3);
  EXPECT_EQ(enter_until_refused(admission, kBobAddress, now_), 2);
  EXPECT_EQ(admission.unregistered(), 5U);
  admission.register_one(kAliceAddress);
  EXPECT_EQ(admission.unregistered(), 4U);
  EXPECT_EQ(enter_until_refused(admission, kAliceAddress, now_), 1);
  admission.leave(kAliceAddress, true);
  EXPECT_EQ(admission.unregistered(), 5U);
  admission.leave(kBobAddress, false);
  EXPECT_EQ(admission.unregistered(), 4U);
}

TEST_F(AdmissionTest, AddressesOfOneSlash64AreOne) {
  AdmissionLimits limits = unlimited();
  limits.max_connections_per_ip = 2;
  Admission admission(limits);
  EXPECT_TRUE(enters(admission, parse_address("2001:db8::1").value(), now_));
  EXPECT_TRUE(enters(admission, parse_address("2001:db8::ffff:1").value(), now_));
  EXPECT_FALSE(enters(admission, parse_address("2001:db8::2:3:4:5").value(), now_));
  EXPECT_TRUE(enters(admission, parse_address("2001:db8:0:1::1").value(), now_));
}

TEST_F(AdmissionTest, LoopbackIsExemptUnlessToldOtherwise) {
  AdmissionLimits limits = unlimited();
  limits.max_connections_per_ip = 1;
  const Address loopback = parse_address("127.0.0.1").value();
  Admission exempt(limits);
  EXPECT_EQ(enter_until_refused(exempt, loopback, now_), 10'000);
  EXPECT_EQ(exempt.refused(), 0U);
  limits.exempt_loopback = false;
  Admission strict(limits);
  EXPECT_EQ(enter_until_refused(strict, loopback, now_), 1);
}

TEST_F(AdmissionTest, TheBoundForTheUnregisteredOfAllHoldsForLoopbackToo) {
  AdmissionLimits limits = unlimited();
  limits.max_unregistered = 2;
  const Address loopback = parse_address("127.0.0.1").value();
  Admission admission(limits);
  EXPECT_EQ(enter_until_refused(admission, loopback, now_), 2);
  EXPECT_FALSE(enters(admission, kAliceAddress, now_));
  EXPECT_EQ(admission.refused(), 2U);
  admission.register_one(loopback);
  EXPECT_TRUE(enters(admission, kAliceAddress, now_));
  admission.leave(loopback, true);
  EXPECT_EQ(admission.unregistered(), 2U);
  admission.leave(loopback, false);
  admission.leave(kAliceAddress, false);
  EXPECT_EQ(admission.unregistered(), 0U);
}

TEST_F(AdmissionTest, FiveHundredPlayersBehindOneAddressComeBackAtOnce) {
  Admission admission{AdmissionLimits()};
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 500; ++i) ASSERT_TRUE(enters(admission, kAliceAddress, now_)) << i;
  }
}

TEST_F(AdmissionTest, ManyAddressesThatComeAndGoAreForgottenAndTheRestIsKept) {
  AdmissionLimits limits = unlimited();
  limits.max_connections_per_ip = 1;
  Admission admission(limits);
  EXPECT_TRUE(enters(admission, kAliceAddress, now_));
  for (int i = 0; i < 100'000; ++i) {
    const Address address =
        parse_address("10." + std::to_string(i >> 16) + '.' + std::to_string(i >> 8 & 255) + '.' +
                      std::to_string(i & 255))
            .value();
    ASSERT_TRUE(enters(admission, address, now_));
    admission.leave(address, false);
  }
  EXPECT_FALSE(enters(admission, kAliceAddress, now_));
}

TEST_F(AdmissionTest, SaysWhichLimitItIs) {
  AdmissionLimits limits = unlimited();
  limits.max_connections_per_ip = 4;
  limits.max_unregistered_per_ip = 3;
  limits.max_unregistered = 5;
  limits.connection_rate_per_ip = 10;
  limits.connection_burst_per_ip = 6;
  Admission admission(limits);
  const ClientAddress alice{kAliceAddress, false};
  EXPECT_EQ(enter_until_refused(admission, kAliceAddress, now_), 3);
  EXPECT_EQ(admission.enter(alice, now_), Refusal::kMaxUnregisteredPerIp);
  for (int i = 0; i < 3; ++i) admission.register_one(kAliceAddress);
  EXPECT_EQ(enter_until_refused(admission, kAliceAddress, now_), 1);
  EXPECT_EQ(admission.enter(alice, now_), Refusal::kMaxConnectionsPerIp);
  for (int i = 0; i < 3; ++i) admission.leave(kAliceAddress, true);
  EXPECT_EQ(enter_until_refused(admission, kAliceAddress, now_), 2);
  admission.leave(kAliceAddress, false);
  EXPECT_EQ(admission.enter(alice, now_), Refusal::kConnectionRatePerIp);
  EXPECT_EQ(enter_until_refused(admission, kBobAddress, now_), 3);
  EXPECT_EQ(admission.enter(alice, now_ + 1h), Refusal::kMaxUnregistered);
}

TEST_F(AdmissionTest, AnAddressThatAProxyTellsIsNeverExempt) {
  AdmissionLimits limits = unlimited();
  limits.max_connections_per_ip = 1;
  limits.proxies.proxies = {parse_address_range("10.0.0.0/8").value()};
  Admission admission(limits);
  const Address proxy = parse_address("10.0.0.1").value();
  HttpRequest request;
  request.headers = {{"X-Forwarded-For", "127.0.0.1"}};
  const ClientAddress client = admission.client_of(proxy, request);
  EXPECT_EQ(client.address.text(), "127.0.0.1");
  EXPECT_TRUE(enters(admission, client, now_));
  EXPECT_FALSE(enters(admission, client, now_));
}

}  // namespace
}  // namespace peer
