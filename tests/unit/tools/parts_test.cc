#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "core/protocol/json_text.h"
#include "tools/peer-bench/client_frames.h"
#include "tools/peer-bench/histogram.h"
#include "tools/peer-bench/measure.h"
#include "tools/peer-bench/options.h"
#include "tools/peer-bench/payload.h"
#include "tools/peer-bench/report.h"
#include "tools/peer-bench/sequence_check.h"
#include "tools/peer-bench/server_message.h"

namespace peer::bench {
namespace {

using Verdict = SequenceCheck::Verdict;

TEST(SequenceCheck, AGapIsMissingUntilItArrivesLate) {
  SequenceCheck check;
  EXPECT_EQ(check.accept(0), Verdict::kFresh);
  EXPECT_EQ(check.accept(3), Verdict::kFresh);
  EXPECT_EQ(check.missing(4), 2U);
  EXPECT_EQ(check.accept(1), Verdict::kLate);
  EXPECT_EQ(check.missing(4), 1U);
  EXPECT_EQ(check.accept(1), Verdict::kDuplicate);
  EXPECT_EQ(check.accept(3), Verdict::kDuplicate);
}

TEST(SequenceCheck, WhatWasSentAndNeverSeenIsMissing) {
  SequenceCheck check;
  check.accept(0);
  EXPECT_EQ(check.missing(10), 9U);
}

TEST(SequenceCheck, AGapLongerThanItsMemoryIsCountedInFull) {
  SequenceCheck check;
  check.accept(1000);
  EXPECT_EQ(check.missing(1001), 1000U);
  EXPECT_EQ(check.accept(999), Verdict::kLate);
  EXPECT_EQ(check.accept(936), Verdict::kDuplicate);
}

TEST(PayloadFormat, ReadsItsOwnLabels) {
  PayloadFormat format(200);
  const std::string text(format.write({12, 345}));
  EXPECT_EQ(text.size(), 200U);
  const auto label = format.check(text);
  ASSERT_TRUE(label);
  EXPECT_EQ(label->sender, 12U);
  EXPECT_EQ(label->number, 345U);
}

TEST(PayloadFormat, MixedFillingsAreJsonWhereverTheyBegin) {
  PayloadFormat format(140, PayloadFormat::Filling::kMixed);
  std::set<std::string> payloads;
  for (std::uint64_t number = 0; number < 200; ++number) {
    const std::string payload(format.write({7, number}));
    EXPECT_TRUE(is_valid_json(payload)) << payload;
    EXPECT_NE(payload.find("\\n"), std::string::npos);
    EXPECT_NE(payload.find("\u00e9"), std::string::npos);
    const auto label = format.check(payload);
    ASSERT_TRUE(label);
    EXPECT_EQ(label->number, number);
    payloads.insert(payload);
  }
  EXPECT_EQ(payloads.size(), 200U);
}

TEST(PayloadFormat, NoByteCanChangeWithoutNotice) {
  PayloadFormat format(64);
  const std::string text(format.write({7, 99}));
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(format.check(changed)) << changed;
  }
  EXPECT_FALSE(format.check(text.substr(1)));
}

TEST(Histogram, QuantilesAreWithinTwoPerCent) {
  Histogram histogram;
  for (int i = 1; i <= 100'000; ++i) histogram.record(Duration(i));
  EXPECT_NEAR(static_cast<double>(histogram.quantile(0.5).count()), 50'000, 1'000);
  EXPECT_NEAR(static_cast<double>(histogram.quantile(0.99).count()), 99'000, 2'000);
  EXPECT_EQ(histogram.quantile(1), Duration(100'000));
}

TEST(Histogram, TakesAnyDuration) {
  Histogram histogram;
  EXPECT_EQ(histogram.quantile(0.5), Duration(0));
  histogram.record(Duration(-5));
  EXPECT_EQ(histogram.quantile(1), Duration(0));
  histogram.record(Duration::max());
  EXPECT_EQ(histogram.quantile(1), Duration::max());
}

TEST(ServerMessage, IsReadWhateverTheOrderAndTheWhiteSpace) {
  const ServerMessage message = read_message(
      " { \"payload\" : {\"a\":\"}\\\"{\",\"b\":[1,{}]} , \"ts\":17, \"from\":\"f\",\"type\" : "
      "\"signal\"}");
  EXPECT_EQ(message.kind, MessageKind::kSignal);
  EXPECT_EQ(message.from, "f");
  EXPECT_EQ(message.payload, R"({"a":"}\"{","b":[1,{}]})");
}

TEST(ServerMessage, SurvivesEveryTruncation) {
  const std::string whole = R"({"type":"signal","payload":{"a":[1,"\\\""]},"from":"f"})";
  for (std::size_t size = 0; size < whole.size() - 1; ++size) {
    EXPECT_EQ(read_message(std::string_view(whole).substr(0, size)).from.size(), 0U);
  }
}

TEST(ClientFrames, AreMaskedAndComplete) {
  Bytes out;
  append_client_frame(out, Opcode::kText, {1, 2, 3, 4}, {"ab", "c"});
  EXPECT_THAT(out, testing::ElementsAre(0x81, 0x83, 1, 2, 3, 4, 'a' ^ 1, 'b' ^ 2, 'c' ^ 3));
}

TEST(ClientFrames, AServersFrameNeedsAllItsBytes) {
  Bytes frame{0x81, 126, 0, 200};
  frame.resize(204, 'x');
  for (std::size_t size = 0; size < frame.size(); ++size) {
    EXPECT_EQ(read_server_frame(std::span(frame).first(size), 1000).status,
              ServerFrame::Status::kIncomplete);
  }
  const ServerFrame whole = read_server_frame(frame, 1000);
  EXPECT_EQ(whole.status, ServerFrame::Status::kWhole);
  EXPECT_EQ(whole.payload.size(), 200U);
}

TEST(ClientFrames, AServerMayNotMaskFragmentOrExceedTheLimit) {
  for (const Bytes& bad : {Bytes{0x81, 0x80}, Bytes{0x01, 0}, Bytes{0xC1, 0}, Bytes{0x81, 101}}) {
    EXPECT_EQ(read_server_frame(bad, 100).status, ServerFrame::Status::kInvalid);
  }
}

sdk::Result<Options> parse(std::vector<const char*> arguments) { return parse_options(arguments); }

TEST(Options, TakeBothSpellings) {
  const auto options = parse({"signal", "--size=3000", "--pairs", "7", "--with-floor"});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->size, 3000U);
  EXPECT_EQ(options->pairs, 7U);
  EXPECT_TRUE(options->with_floor);
}

TEST(Options, RefuseWhatTheyDoNotKnow) {
  EXPECT_EQ(parse({"signal", "--sise", "1"}).error().message, "unknown option '--sise'");
  EXPECT_EQ(parse({"sing"}).error().message, "unknown mode 'sing'");
  for (const char* bad : {"--size=1", "--size=x", "--size=", "--seconds=nan", "--rounds=0",
                          "--quiet=1", "--port=65536", "--namespace-size=3", "--senders=501"}) {
    EXPECT_FALSE(parse({"signal", bad})) << bad;
  }
  EXPECT_FALSE(parse({}));
}

TEST(MedianRatio, ComparesRoundByRound) {
  const auto window = [](int cpu) { return Window{1, Duration(1), Duration(cpu), Duration(0)}; };
  const Series server{{window(20), window(60), window(400)}};
  const Series floor{{window(10), window(20), window(100)}};
  EXPECT_DOUBLE_EQ(median_ratio(server, floor), 3);
  EXPECT_DOUBLE_EQ(median_ratio(server, Series{}), 0);
}

TEST(Report, QuotesWhatAServerSaid) {
  Report report;
  report.text("first_fault", "a\"\\\n\xff");
  report.number("rate", 1.5);
  report.flag("ok", false);
  EXPECT_EQ(report.json(),
            "{\"first_fault\":\"a\\\"\\\\\\u000a\\u00ff\",\"rate\":1.500,"
            "\"ok\":false}\n");
}

}  // namespace
}  // namespace peer::bench
