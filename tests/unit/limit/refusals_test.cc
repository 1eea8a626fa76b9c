#include "core/limit/refusals.h"

#include <Poco/AutoPtr.h>
#include <Poco/Channel.h>
#include <Poco/Logger.h>
#include <Poco/Message.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "core/base/log.h"

namespace peer {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::SizeIs;
using testing::UnorderedElementsAre;

class Recorder final : public Poco::Channel {
 public:
  void log(const Poco::Message& message) override {
    const bool debug = message.getPriority() == Poco::Message::PRIO_DEBUG;
    if (!debug) warnings.insert(message.getText());
    if (!debug && !message.has(kCountedLine)) uncounted.push_back(message.getText());
    if (debug) debugs.push_back(message.getText() + " address=" + message.get("address", ""));
  }
  std::set<std::string> warnings;  // the RepeatFilter counts those that are the same
  std::vector<std::string> uncounted;
  std::vector<std::string> debugs;
};

class RefusalsTest : public testing::Test {
 protected:
  RefusalsTest() {
    Poco::Logger& logger = Poco::Logger::get("peer");
    logger.setChannel(recorder_);
    logger.setLevel(Poco::Message::PRIO_INFORMATION);
  }
  ~RefusalsTest() override {
    Poco::Logger::get("peer").setChannel(nullptr);
    set_log_addresses(true);
  }
  void refuse_addresses(int count, Time now) {
    for (int i = 0; i < count; ++i) {
      const auto address =
          parse_address("10.0." + std::to_string(i / 256) + '.' + std::to_string(i % 256));
      refusals_.note(Refusal::kMaxConnectionsPerIp, *address, "too many", now);
    }
  }

  Poco::AutoPtr<Recorder> recorder_{new Recorder};
  Refusals refusals_;
  const Address alice_ = parse_address("192.0.2.1").value();
  const Time now_ = Time(1'000'000ms);
};

TEST_F(RefusalsTest, AreCountedByReasonAndToldWithTheAddress) {
  refusals_.note(Refusal::kUpgrade, alice_, "no Upgrade header", now_);
  refusals_.note(Refusal::kUpgrade, alice_, "no Upgrade header", now_);
  refusals_.note(Refusal::kAuth, alice_, "rejected", now_);
  EXPECT_EQ(refusals_.count(Refusal::kUpgrade), 2U);
  EXPECT_EQ(refusals_.count(Refusal::kAuth), 1U);
  EXPECT_EQ(refusals_.count(Refusal::kMaxPeers), 0U);
  EXPECT_THAT(recorder_->warnings, UnorderedElementsAre("refused 192.0.2.1: no Upgrade header",
                                                        "refused 192.0.2.1: rejected"));
  EXPECT_THAT(recorder_->uncounted, SizeIs(0));
  EXPECT_THAT(recorder_->debugs, SizeIs(0));
}

TEST_F(RefusalsTest, OfManyAddressesAFewAreNamed) {
  refuse_addresses(1000, now_);
  EXPECT_THAT(recorder_->warnings, SizeIs(Refusals::kSubjects + 1));
  EXPECT_TRUE(recorder_->warnings.contains(
      "refused more clients (max_connections_per_ip): log_level debug names each of them"));
  EXPECT_EQ(refusals_.count(Refusal::kMaxConnectionsPerIp), 1000U);
  // Another reason has room of its own, and after a while this one has it again.
  refusals_.note(Refusal::kAuth, alice_, "rejected", now_);
  EXPECT_TRUE(recorder_->warnings.contains("refused 192.0.2.1: rejected"));
  refusals_.note(Refusal::kMaxConnectionsPerIp, alice_, "too many", now_ + Refusals::kWindow);
  EXPECT_TRUE(recorder_->warnings.contains("refused 192.0.2.1: too many"));
}

TEST_F(RefusalsTest, EachIsALineAtDebug) {
  Poco::Logger::get("peer").setLevel(Poco::Message::PRIO_DEBUG);
  refuse_addresses(20, now_);
  refusals_.note_quietly(Refusal::kRequest, alice_, "400");
  EXPECT_THAT(recorder_->debugs, SizeIs(21));
  EXPECT_EQ(recorder_->debugs.front(),
            "refused (max_connections_per_ip): too many address=10.0.0.0");
  EXPECT_EQ(recorder_->debugs.back(), "refused (request): 400 address=192.0.2.1");
}

TEST_F(RefusalsTest, AddressesAreLeftOutWhereTheyAreNotWanted) {
  set_log_addresses(false);
  refusals_.note(Refusal::kAuth, alice_, "rejected", now_);
  EXPECT_THAT(recorder_->warnings, ElementsAre("refused a client: rejected"));
}

TEST_F(RefusalsTest, EachReasonHasItsOwnName) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kRefusalCount; ++i) names.insert(to_text(static_cast<Refusal>(i)));
  EXPECT_THAT(names, SizeIs(kRefusalCount));
  EXPECT_FALSE(names.contains("unknown"));
}

}  // namespace
}  // namespace peer
