// What is said of a certificate, at times that the test chooses.
#include "core/net/certificate.h"

#include <chrono>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/net/certificate_watch.h"
#include "tests/support/dev_certificate.h"

namespace peer {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;
using std::chrono::sys_seconds;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr sys_seconds kBegin{1'800'000'000s};
constexpr sys_seconds kEnd = kBegin + days(90);  // 2027-04-15 08:00:00 UTC

CertificateFacts sound() {
  return {.begins = kBegin, .ends = kEnd, .missing_issuer = {}, .has_names = true};
}

TEST(CertificateWarningsTest, ThereAreNoneUntilTwoWeeksBeforeItEnds) {
  EXPECT_THAT(certificate_warnings(sound(), kBegin), IsEmpty());
  EXPECT_THAT(certificate_warnings(sound(), kEnd - days(14) - 1s), IsEmpty());
  EXPECT_THAT(certificate_warnings(sound(), kEnd - days(14)),
              ElementsAre("it ends in 14 days, at 2027-04-15 08:00:00 UTC; renew it, and send "
                          "SIGHUP"));
  EXPECT_THAT(certificate_warnings(sound(), kEnd - days(2) + 1s),
              ElementsAre(StartsWith("it ends in 1 day, at ")));
  EXPECT_THAT(certificate_warnings(sound(), kEnd - 1s),
              ElementsAre(StartsWith("it ends in 0 days, at ")));
}

TEST(CertificateWarningsTest, OneThatHasEndedOrHasNotBegunIsTold) {
  EXPECT_THAT(certificate_warnings(sound(), kEnd),
              ElementsAre("it has expired, at 2027-04-15 08:00:00 UTC; renew it, and send SIGHUP"));
  EXPECT_THAT(certificate_warnings(sound(), kBegin - 1s),
              ElementsAre("it is not valid before 2027-01-15 08:00:00 UTC; check the clock of this "
                          "machine"));
}

TEST(CertificateWarningsTest, AllThatIsWrongIsToldAtOnce) {
  CertificateFacts facts = sound();
  facts.missing_issuer = "R3";
  facts.has_names = false;
  EXPECT_THAT(certificate_warnings(facts, kBegin),
              ElementsAre(HasSubstr("its issuer 'R3'"), HasSubstr("no subjectAltName")));
}

TlsContext::Ref load(const test::IssuedCertificate& certificate) {
  auto tls = TlsContext::load(certificate.certificate(), certificate.key());
  EXPECT_TRUE(tls);
  return tls ? *tls : nullptr;
}

TEST(CertificateFactsTest, AreThoseOfTheFile) {
  const test::IssuedCertificate certificate({.days = 30});
  const CertificateFacts facts = load(certificate)->certificate();
  EXPECT_EQ(facts.ends - facts.begins, days(30));
  EXPECT_LE(facts.begins, calendar_now());
  EXPECT_GT(facts.begins, calendar_now() - days(1));
  EXPECT_EQ(facts.missing_issuer, "");
  EXPECT_TRUE(facts.has_names);
}

TEST(CertificateFactsTest, AMissingIntermediateIsNamed) {
  const test::IssuedCertificate certificate({.with_intermediate = false, .with_names = false});
  const CertificateFacts facts = load(certificate)->certificate();
  EXPECT_EQ(facts.missing_issuer, "TestIssuer");
  EXPECT_FALSE(facts.has_names);
}

TEST(CertificateFactsTest, ASelfSignedOneHasItsWholeChain) {
  const test::DevCertificate certificate;
  const auto tls = TlsContext::load(certificate.certificate(), certificate.key());
  ASSERT_TRUE(tls);
  EXPECT_THAT(CertificateWatch().look(*tls, calendar_now()), IsEmpty());
}

TEST(CertificateWatchTest, SpeaksWhenItFirstSeesACertificateAndOnceADayFromThenOn) {
  const test::IssuedCertificate certificate({.days = 30});
  const TlsContext::Ref tls = load(certificate);
  const sys_seconds end = tls->certificate().ends;
  const auto line = ElementsAre(
      AllOf(StartsWith("tls_cert: the certificate in '" + certificate.certificate() + "': it ends"),
            HasSubstr("; renew it")));
  CertificateWatch watch;
  EXPECT_THAT(watch.look(nullptr, end), IsEmpty());
  EXPECT_THAT(watch.look(tls, end - days(15)), IsEmpty());
  EXPECT_THAT(watch.look(tls, end - days(14) - 1s), IsEmpty());
  EXPECT_THAT(watch.look(tls, end - days(14)), line);
  EXPECT_THAT(watch.look(tls, end - days(13) - 1s), IsEmpty());
  EXPECT_THAT(watch.look(tls, end - days(13)), line);
  const TlsContext::Ref reloaded = load(certificate);
  EXPECT_THAT(watch.look(reloaded, end - days(13) + 1s), line);
}

}  // namespace
}  // namespace peer
