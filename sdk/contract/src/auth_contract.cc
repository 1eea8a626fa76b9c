#include <peer/sdk/contract/auth_contract.h>

#include <algorithm>
#include <thread>
#include <variant>

#include "doorway.h"
#include "hostile.h"
#include "process.h"

// What every auth plugin is held to. In: an AuthCase, which names the plugin and newcomers that it
// grants, rejects and passes on. Out: gtest failures. Questions come from the thread of the test,
// in some tests from several at once; a plugin may answer from a thread of its own (Answers).
namespace peer::sdk::contract {
namespace {

using Strings = std::vector<std::string>;

std::vector<Newcomer> everybody(const AuthCase& with) {
  std::vector<Newcomer> all;
  for (const auto* list : {&with.granted, &with.rejected, &with.passed}) {
    all.insert(all.end(), list->begin(), list->end());
  }
  return all;
}

void vary_surroundings(const Newcomer& sample, std::vector<Newcomer>& all) {
  const std::string longest(8000, 'a');
  for (const std::string& odd :
       {std::string(), std::string("="), std::string("%00%FF%"), std::string("\xFF\xFE"),
        std::string("a=1&a=2&key=&=x&&"), longest}) {
    Newcomer other = sample;
    other.query = odd;
    all.push_back(other);
    other = sample;
    other.origin = odd;
    all.push_back(other);
    for (auto& [name, value] : (other = sample).headers) value = odd;
    all.push_back(other);
    other = sample;
    other.headers = {{"Authorization", odd}, {"Authorization", "Bearer " + odd}, {"Cookie", odd}};
    all.push_back(other);
  }
  for (const char* address : {"unix", "::1", "fe80::1%eth0"}) {
    all.push_back(sample);
    all.back().remote_address = address;
  }
}

/// Whom strangers may send: each sample with one thing about it that is odd.
std::vector<Newcomer> strangers(const AuthCase& with) {
  std::vector<Newcomer> all;
  std::vector<Newcomer> samples = everybody(with);
  samples.resize(std::min<std::size_t>(samples.size(), 3));
  for (const Newcomer& sample : samples) {
    for (const Value& payload : hostile_objects({json(sample.payload)})) {
      all.push_back(sample);
      all.back().payload = text_of(payload);
    }
    // JSON objects that are no Value: the server lets them through, and fields() is null.
    for (const char* payload :
         {R"({"token":"a","token":"b"})", R"({"a":1,"a":1,"public_key":"k"})"}) {
      all.push_back(sample);
      all.back().payload = payload;
    }
    vary_surroundings(sample, all);
  }
  return all;
}

std::vector<std::shared_ptr<Answers>> ask_all(Doorway& door,
                                              const std::vector<Newcomer>& newcomers) {
  std::vector<std::shared_ptr<Answers>> asked;
  asked.reserve(newcomers.size());
  for (const Newcomer& newcomer : newcomers) asked.push_back(door.ask(newcomer));
  return asked;
}

template <typename Verdict>
void all_get(const AuthCase& with, const std::vector<Newcomer>& newcomers, const char* what) {
  Doorway door(with);
  for (const Newcomer& newcomer : newcomers) {
    const auto verdict = door.judge(newcomer);
    EXPECT_TRUE(verdict && std::holds_alternative<Verdict>(*verdict))
        << (verdict ? "it answers otherwise, and should have "
                    : "no answer in time; it should have ")
        << what << ": " << newcomer.payload << " ?" << newcomer.query;
  }
  EXPECT_EQ(door.faults(), Strings());
}

}  // namespace

TEST_P(AuthContract, WhoMayComeInIsLetIn) {
  all_get<AuthGrant>(GetParam(), GetParam().granted, "let in");
}

TEST_P(AuthContract, WhoMayNotIsTurnedAway) {
  all_get<AuthRejection>(GetParam(), GetParam().rejected, "turned away");
}

TEST_P(AuthContract, OfWhomItKnowsNothingItPasses) {
  all_get<AuthPass>(GetParam(), GetParam().passed, "passed on");
}

// Nobody comes in by mistake only because something about them is odd; that is the plugin's own
// tests' matter. Here each one gets an answer, and one that makes sense.
TEST_P(AuthContract, StrangersGetOneAnswerThatMakesSense) {
  ASSERT_FALSE(everybody(GetParam()).empty()) << "the case names nobody who comes";
  const std::vector<Newcomer> newcomers = strangers(GetParam());
  Doorway door(GetParam());
  std::vector<std::shared_ptr<Answers>> asked;
  for (const Newcomer& newcomer : newcomers) {
    asked.push_back(door.ask(newcomer));
    const auto verdict = asked.back()->first(GetParam().patience);
    ASSERT_TRUE(verdict) << "no answer in time: " << newcomer.payload.substr(0, 300);
    door.check(*verdict, newcomer);
  }
  EXPECT_EQ(door.faults(), Strings());
  door.stop();  // what could have answered once more is gone
  for (std::size_t i = 0; i < asked.size(); ++i) {
    ASSERT_EQ(asked[i]->count(), 1U)
        << "answered more than once: " << newcomers[i].payload.substr(0, 300);
  }
}

// Whoever is asked a question may say anything.
TEST_P(AuthContract, ABadAnswerToItsChallengeIsNoWayIn) {
  Doorway door(GetParam());
  for (const Newcomer& newcomer : everybody(GetParam())) {
    const auto verdict = door.ask(newcomer)->first(GetParam().patience);
    const auto* challenge = verdict ? std::get_if<AuthChallenge>(&*verdict) : nullptr;
    if (challenge == nullptr) continue;
    for (const char* response :
         {"{}", "null", "[]", "7", R"({"response":null})", R"({"signature":""})"}) {
      Asking asking;
      asking.response = response;
      asking.context = challenge->context;
      const auto ended = door.ask(newcomer, asking)->first(GetParam().patience);
      ASSERT_TRUE(ended) << "no answer in time: " << response;
      EXPECT_FALSE(std::holds_alternative<AuthGrant>(*ended)) << "let in by " << response;
    }
  }
  EXPECT_EQ(door.faults(), Strings());
}

TEST_P(AuthContract, ACallNeverBlocks) {
  Doorway door(GetParam());
  for (const Newcomer& newcomer : everybody(GetParam())) {
    EXPECT_LE(shortest_of_five([&] { static_cast<void>(door.ask(newcomer)); }), longest_call())
        << "what takes time is for a thread of its own: " << newcomer.payload;
  }
}

TEST_P(AuthContract, SeveralThreadsGetTheSameVerdicts) {
  const std::vector<Newcomer> newcomers = everybody(GetParam());
  const auto verdicts = [&](Doorway& door) {
    std::vector<std::size_t> kinds;
    for (const Newcomer& newcomer : newcomers) {
      const auto verdict = door.judge(newcomer);
      kinds.push_back(verdict ? verdict->index() : std::variant_npos);
    }
    return kinds;
  };
  Doorway door(GetParam());
  const std::vector<std::size_t> alone = verdicts(door);
  std::vector<std::vector<std::size_t>> at_once(4);
  std::vector<std::thread> threads;
  threads.reserve(at_once.size());
  for (auto& kinds : at_once) {
    threads.emplace_back([&] {
      for (int i = 0; i < 25; ++i) kinds = verdicts(door);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& kinds : at_once) EXPECT_EQ(kinds, alone);
  EXPECT_EQ(door.faults(), Strings());
}

TEST_P(AuthContract, NoAnswerFollowsItsEnd) {
  const std::vector<Newcomer> newcomers = everybody(GetParam());
  const std::size_t threads = thread_count();
  std::vector<std::shared_ptr<Answers>> asked;
  std::vector<std::size_t> counts;
  {
    Doorway door(GetParam());
    for (int i = 0; i < 20; ++i) {
      for (auto& answers : ask_all(door, newcomers)) asked.push_back(std::move(answers));
    }
    door.stop();
    for (const auto& answers : asked) counts.push_back(answers->count());
  }
  EXPECT_TRUE(becomes([&] { return thread_count() <= threads; })) << "its threads have not ended";
  for (std::size_t i = 0; i < asked.size(); ++i) {
    EXPECT_EQ(asked[i]->count(), counts[i]) << "an answer after the plugin's end";
    EXPECT_LE(counts[i], 1U) << "answered more than once";
  }
}

TEST_P(AuthContract, WhatItSaysOfItselfStays) {
  Doorway door(GetParam());
  Auth& plugin = door.plugin();
  const bool may_pass = plugin.may_pass();
  const bool takes_tokens = plugin.takes_tokens();
  const bool renews = plugin.renews();
  const auto prefix = plugin.identity_prefix();
  static_cast<void>(ask_all(door, everybody(GetParam())));
  EXPECT_EQ(plugin.may_pass(), may_pass);
  EXPECT_EQ(plugin.takes_tokens(), takes_tokens);
  EXPECT_EQ(plugin.renews(), renews);
  EXPECT_EQ(plugin.identity_prefix(), prefix);
}

// A peer that is there shows a newer token: no way to ask it something, nor to leave it to others.
TEST_P(AuthContract, ATokenOfAPeerIsTakenOrRefused) {
  Doorway door(GetParam());
  if (!door.plugin().takes_tokens()) return;
  Asking asking;
  asking.refreshes = std::string(64, 'a');
  for (const char* token : {"nonsense", "a.b.c", "....", "\\u0000"}) {
    const Newcomer peer{.payload = std::string(R"({"token":")") + token + R"("})",
                        .origin = "",
                        .remote_address = "::1"};
    const auto verdict = door.ask(peer, asking)->first(GetParam().patience);
    ASSERT_TRUE(verdict) << "no answer in time: " << peer.payload;
    EXPECT_TRUE(std::holds_alternative<AuthGrant>(*verdict) ||
                std::holds_alternative<AuthRejection>(*verdict))
        << "a challenge or a pass for a peer that is there";
    door.check(*verdict, peer);
  }
  EXPECT_EQ(door.faults(), Strings());
}

TEST_P(AuthContract, ARenewalIsNoChallenge) {
  Doorway door(GetParam());
  if (!door.plugin().renews()) return;
  for (const Newcomer& newcomer : GetParam().granted) {
    const auto verdict = door.judge(newcomer);
    ASSERT_TRUE(verdict && std::holds_alternative<AuthGrant>(*verdict)) << newcomer.payload;
    Asking asking;
    asking.granted = &std::get<AuthGrant>(*verdict);
    const auto renewed = door.ask(newcomer, asking)->first(GetParam().patience);
    ASSERT_TRUE(renewed) << "no answer in time";
    EXPECT_FALSE(std::holds_alternative<AuthChallenge>(*renewed));
  }
}

}  // namespace peer::sdk::contract
