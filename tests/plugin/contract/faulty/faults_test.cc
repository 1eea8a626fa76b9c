#include <cstdlib>
#include <map>
#include <set>

#include <peer/sdk/contract/auth_contract.h>
#include <peer/sdk/contract/broker_contract.h>
#include <peer/sdk/contract/dialect_contract.h>
#include <peer/sdk/contract/match_strategy_contract.h>
#include <peer/sdk/contract/room_policy_contract.h>

#include "tests/support/run_program.h"

// Each test of each contract can fail: for every one there is a plugin that breaks what it checks.
// These plugins (faulty/) keep their contract unless PEER_FAULT names a fault; with one, a second
// process of this program runs that one test.
namespace peer::sdk::contract {
namespace {

/// "room_faulty.so", or under another name, which is the fault of one test.
std::string file(const std::string& kind) {
  const char* fault = std::getenv("PEER_FAULT");
  const bool is_renamed = fault != nullptr && std::string(fault) == "renamed";
  return PEER_FAULTY_DIR "/" + kind + (is_renamed ? "_renamed.so" : "_faulty.so");
}
PluginCase plugin(const std::string& kind) { return {file(kind), {{"name", std::string("it")}}}; }

AuthCase auth_case() {
  const auto newcomer = [](const std::string& who) {
    return Newcomer{.payload = R"({"public_key":"a key","who":")" + who + R"("})"};
  };
  return {.plugin = plugin("auth"),
          .granted = {newcomer("friend"), newcomer("asked")},
          .rejected = {newcomer("foe")},
          .passed = {newcomer("unknown")},
          .answer = [](const Newcomer&, const std::string&) { return R"({"word":"please"})"; },
          .patience = std::chrono::milliseconds(500)};
}
BrokerCase broker_case() { return {plugin("broker"), std::chrono::milliseconds(500)}; }
DialectCase dialect_case() {
  return {.plugin = plugin("dialect"),
          .queries = {"id=ann"},
          .texts = {"say hello", "nonsense"},
          .requests = {"/ids?a=1"}};
}
MatchStrategyCase match_case() {
  return {.plugin = plugin("match"),
          .requests = {json("{}"), json(R"({"group_size":3,"criteria":{"skill":7}})")}};
}
RoomPolicyCase room_case() {
  return {.plugin = plugin("room"), .messages = {json(R"({"room_id":"den","text":"hello"})")}};
}

INSTANTIATE_TEST_SUITE_P(Faulty, AuthContract, testing::Values(auth_case()));
INSTANTIATE_TEST_SUITE_P(Faulty, BrokerContract, testing::Values(broker_case()));
INSTANTIATE_TEST_SUITE_P(Faulty, SharedBrokerContract, testing::Values(broker_case()));
INSTANTIATE_TEST_SUITE_P(Faulty, DialectContract, testing::Values(dialect_case()));
INSTANTIATE_TEST_SUITE_P(Faulty, MatchStrategyContract, testing::Values(match_case()));
INSTANTIATE_TEST_SUITE_P(Faulty, RoomPolicyContract, testing::Values(room_case()));
INSTANTIATE_TEST_SUITE_P(Faulty, PluginContract,
                         testing::Values(room_case().plugin, match_case().plugin,
                                         auth_case().plugin, broker_case().plugin,
                                         dialect_case().plugin));

struct Fault {
  const char* contract;
  const char* test;
  std::vector<const char*> names;  ///< of the faults that this test finds
};

const std::vector<Fault> kFaults{
    {"PluginContract", "ItsFileIsNamedByKindAndName", {"renamed"}},
    {"PluginContract", "ItTakesItsOptions", {"reads_half"}},
    {"PluginContract", "ItSaysWhatIsWrongWithoutOptions", {"gives_no_reason"}},
    {"PluginContract", "ItsFactoryStartsNothing", {"starts_early", "leaves_a_thread"}},
    {"PluginContract", "EachDefaultIsOneThatItTakes", {"bad_default"}},
    {"PluginContract", "ItEndsWithAllThatItHasStarted", {"leaves_a_thread"}},

    {"RoomPolicyContract", "ARoomIsCreatedAndJoined", {"refuses_all"}},
    {"RoomPolicyContract",
     "DecisionsMakeSenseWhateverClientsSend",
     {"owner_is_a_stranger", "no_size", "much_state", "wakes_before_now", "unknown_code",
      "no_words", "words_not_utf8", "protocol_message", "no_json", "throws_at_strangers",
      "checks_with_unknown_code", "closes_at_a_join", "closes_in_no_utf8", "removes_its_owner"}},
    {"RoomPolicyContract",
     "TheSameInputGivesTheSameDecision",
     {"counts", "keeps_views", "reads_the_clock", "reads_the_hour"}},
    {"RoomPolicyContract", "SeveralThreadsGetTheSameDecisions", {"knows_its_thread"}},
    {"RoomPolicyContract", "AStateThatIsNotItsOwnDoesNoHarm", {"trusts_its_state"}},
    {"RoomPolicyContract", "ItsMessageTypesAreItsOwn", {"takes_join"}},
    {"RoomPolicyContract", "ARoomIsDescribedByAnObject", {"describes_by_a_list"}},
    {"RoomPolicyContract", "APublicRoomIsShownByAnObject", {"shows_a_number"}},
    {"RoomPolicyContract", "ALargeRoomIsDecidedInTime", {"slow_when_full"}},

    {"MatchStrategyContract",
     "EqualRequestsMeet",
     {"matches_nobody", "keeps_views", "words_not_utf8", "reads_in_secret"}},
    {"MatchStrategyContract",
     "EachTicketEndsInExactlyOneWay",
     {"forgets_nobody", "one_ticket_twice", "one_ticket_alone", "a_stranger", "in_two_groups",
      "more_than_asked", "teams_of_others", "throws_at_strangers", "no_words", "groups_of_one",
      "judges_in_secret", "makes_teams_in_secret", "changes_in_secret"}},
    {"MatchStrategyContract", "TheSameCallsGiveTheSameGroups", {"rolls_dice"}},
    {"MatchStrategyContract", "AddGroupsAndFormGroupsGiveTheSameGroups", {"adds_other_groups"}},
    {"MatchStrategyContract", "AQueueKeepsToItsOwnTickets", {"shares_its_tickets"}},
    {"MatchStrategyContract", "UnknownTicketsAndAnEmptyQueueAreNothing", {"never_rests"}},
    {"MatchStrategyContract", "TheClockMayBeSetBack", {"hates_old_times"}},
    {"MatchStrategyContract",
     "AForecastIsOneOfATicketThatWaits",
     {"counts_nobody", "forecasts_in_secret"}},
    {"MatchStrategyContract", "SeveralThreadsMayAsk", {"rolls_dice"}},
    {"MatchStrategyContract", "AThousandTicketsAreMatchedInTime", {"slow"}},

    {"AuthContract",
     "WhoMayComeInIsLetIn",
     {"turns_all_away", "grants_no_name", "forgets_its_prefix", "alias_with_control_characters",
      "grants_no_messages", "bad_pattern", "asks_in_no_json"}},
    {"AuthContract", "WhoMayNotIsTurnedAway", {"lets_all_in", "no_words", "words_not_utf8"}},
    {"AuthContract",
     "OfWhomItKnowsNothingItPasses",
     {"turns_all_away", "does_not_say_that_it_passes"}},
    {"AuthContract",
     "StrangersGetOneAnswerThatMakesSense",
     {"answers_twice", "says_nothing_to_strangers", "throws_at_strangers"}},
    {"AuthContract", "ABadAnswerToItsChallengeIsNoWayIn", {"takes_any_answer"}},
    {"AuthContract", "ACallNeverBlocks", {"blocks"}},
    {"AuthContract", "SeveralThreadsGetTheSameVerdicts", {"knows_its_thread"}},
    {"AuthContract", "NoAnswerFollowsItsEnd", {"leaves_a_thread", "answers_twice"}},
    {"AuthContract", "WhatItSaysOfItselfStays", {"changes_its_mind"}},
    {"AuthContract", "ATokenOfAPeerIsTakenOrRefused", {"asks_who_is_there"}},
    {"AuthContract", "ARenewalIsNoChallenge", {"asks_at_a_renewal"}},

    {"DialectContract", "ItSaysWhatItIs", {"bad_path", "changes_its_mind"}},
    {"DialectContract", "SoundClientsAreLetIn", {"turns_all_away", "makes_nothing"}},
    {"DialectContract",
     "WhoeverComesIsLetInOrTurnedAway",
     {"throws_at_strangers", "words_not_utf8"}},
    {"DialectContract",
     "WhateverClientsSayDoesNoHarm",
     {"throws_at_nonsense", "sends_no_utf8", "says_no_json", "says_without_type",
      "broadcasts_no_json", "asks_for_much"}},
    {"DialectContract",
     "WhateverTheServerSaysDoesNoHarm",
     {"throws_at_news", "last_word_not_utf8"}},
    {"DialectContract", "NothingIsKeptOfWhatEndsWithACall", {"keeps_views", "keeps_count"}},
    {"DialectContract", "RefusalsAreTexts", {"refuses_in_no_utf8"}},
    {"DialectContract",
     "RequestsAreAnswered",
     {"throws_at_requests", "unknown_status", "knows_no_path", "header_with_lines",
      "asks_for_ids_again"}},
    {"DialectContract", "ACallNeverBlocks", {"blocks"}},
    {"DialectContract", "ClientsOfSeveralThreadsFareAsAlone", {"knows_its_thread"}},

    {"BrokerContract", "ItSaysHowItFares", {"counts_no_node"}},
    {"BrokerContract", "EachQuestionIsAnsweredOnce", {"never_answers", "answers_twice"}},
    {"BrokerContract", "AnswersMakeSense", {"answers_in_part", "lists_all"}},
    {"BrokerContract", "NoNameMakesItThrow", {"throws_at_odd_names"}},
    {"BrokerContract", "ACallNeverBlocks", {"blocks"}},
    {"BrokerContract", "SeveralThreadsMayAsk", {"never_answers"}},
    {"BrokerContract", "AfterItsEndThereIsSilence", {"leaves_a_thread_when_started"}},

    {"SharedBrokerContract", "APeerIsFoundByItsAliasOnTheOtherNode", {"knows_no_alias"}},
    {"SharedBrokerContract", "AnAliasIsTakenOnce", {"gives_aliases_twice"}},
    {"SharedBrokerContract",
     "MessagesArriveOnceAndInTheirOrder",
     {"loses_a_message", "doubles_a_message"}},
    {"SharedBrokerContract", "AMessageToNobodyIsNotFound", {"finds_nobody_dropped"}},
    {"SharedBrokerContract",
     "MembersOfTheOtherNodeComeAndGo",
     {"broadcasts_nothing", "tells_of_its_own"}},
    {"SharedBrokerContract", "ARoomIsChangedByOneAtATime", {"commits_everything"}},
    {"SharedBrokerContract", "ATicketIsClaimedOnce", {"claims_twice"}},
    {"SharedBrokerContract",
     "ATicketThatReplacesItselfIsToldAgainAndNotAddedAnew",
     {"adds_again", "tells_once"}},
    {"SharedBrokerContract", "WhoRegistersElsewhereIsReplacedHere", {"replaces_nobody"}},
    {"SharedBrokerContract",
     "OnlyWhoHasTheSameSecretReplacesItsHolder",
     {"forgets_secrets", "keeps_nobody_out"}},
    {"SharedBrokerContract", "WhoIsThrownOutIsThrownOutElsewhere", {"revokes_nobody"}},
    {"SharedBrokerContract", "ASessionGoesOverInOneStepAndOnlyItsNodeIsTold", {"forgets_tokens"}},
    {"SharedBrokerContract", "WhoGoesOverAheadOfTheNewsIsHeardOfOnceEachTime", {"forgets_tokens"}},
    {"SharedBrokerContract",
     "TwoWhoGoOverAheadOfTheNewsAreMembersOfTheirNodeAlone",
     {"forgets_tokens"}},
    {"SharedBrokerContract", "AParkedSessionIsTakenOnceAndNobodySeesItLeave", {"forgets_tokens"}},
    {"SharedBrokerContract", "AParkedSessionWhoseTimeIsOverLeavesOnce", {"parks_for_ever"}},
    {"SharedBrokerContract", "ANodeKnowsTheOthersThatLive", {"lists_itself"}},
    {"SharedBrokerContract",
     "PublicRoomsOfAllNodesAreListedInTheOrderOfTheirCreation",
     {"lists_hidden_rooms", "lists_backwards", "lists_too_many", "lists_for_ever"}},
    {"SharedBrokerContract",
     "ARoomThatWaitsForMembersIsJoinedAsItWasAndEndsInTime",
     {"waits_for_ever", "forgets_while_it_waits"}},
    {"SharedBrokerContract",
     "WhoIsAwayIsToldToTheNodesThatWatchAndListed",
     {"tells_no_watcher", "tells_who_does_not_watch", "tells_its_own_watchers", "hears_no_wish",
      "lists_for_ever_away", "names_nobody_told"}},
    {"SharedBrokerContract",
     "WhatOfAMemberHasChangedIsToldToTheNodesThatWatch",
     {"tells_no_watcher", "tells_of_who_has_left", "forgets_what_was", "sees_watchers_everywhere"}},
};

std::string test_name(const Fault& fault) {
  return std::string("Faulty/") + fault.contract + "." + fault.test;
}

class FaultsTest : public testing::TestWithParam<Fault> {};

TEST_P(FaultsTest, AreFound) {
  const std::string program = testing::internal::GetArgvs().front();
  for (const char* name : GetParam().names) {
    const auto run = test::run_program(
        std::string("PEER_FAULT=") + name + " ASAN_OPTIONS=detect_leaks=0 '" + program +
        "' --gtest_brief=1 --gtest_filter='" + test_name(GetParam()) + "/0' 2>&1");
    EXPECT_NE(run.exit_status, 0) << "a plugin with the fault " << name << " passes\n"
                                  << run.output;
    EXPECT_EQ(run.output.find("0 tests from"), std::string::npos) << run.output;
  }
}

INSTANTIATE_TEST_SUITE_P(Each, FaultsTest, testing::ValuesIn(kFaults), [](const auto& tested) {
  return std::string(tested.param.contract) + tested.param.test;
});

// A test that is new in a contract needs a plugin that fails it.
TEST(FaultTableTest, EachTestOfEachContractHasOne) {
  std::set<std::string> with_fault;
  for (const Fault& fault : kFaults) with_fault.insert(test_name(fault));
  std::set<std::string> all;
  const testing::UnitTest& tests = *testing::UnitTest::GetInstance();
  for (int i = 0; i < tests.total_test_suite_count(); ++i) {
    const testing::TestSuite& suite = *tests.GetTestSuite(i);
    if (!std::string(suite.name()).starts_with("Faulty/")) continue;
    for (int j = 0; j < suite.total_test_count(); ++j) {
      const std::string name = suite.GetTestInfo(j)->name();
      all.insert(std::string(suite.name()) + "." + name.substr(0, name.find('/')));
    }
  }
  EXPECT_EQ(with_fault, all);
}

}  // namespace
}  // namespace peer::sdk::contract
