#include <map>
#include <random>
#include <stdexcept>

#include "tests/unit/match/match_test.h"

// Thousands of random operations of many peers against a ledger of what each ticket has become.
namespace peer {
namespace {

using test::request_for;
using test::Status;
using Random = std::mt19937;

constexpr int kPeers = 20;
constexpr int kRounds = 5000;
const std::vector<std::string> kNames{"lobby", "hall", std::string("\0\"", 2)};

enum class End { kWaiting, kMatched, kCancelled, kExpired, kReplaced };

struct LedgerTicket {
  int peer = 0;
  std::string ns;
  std::uint32_t group_size = 0;
  std::string criteria;
  std::optional<sdk::Instant> expires;
  End end = End::kWaiting;
};

// What should be true. A ticket ends once: ending it twice, or a stranger's, is a failure.
class Ledger {
 public:
  std::optional<sdk::TicketId> waiting(int peer, const std::string& ns) const {
    const auto at = waiting_.find({peer, ns});
    return at == waiting_.end() ? std::nullopt : std::optional(at->second);
  }
  LedgerTicket& operator[](sdk::TicketId id) { return tickets_.at(id); }
  void open(sdk::TicketId id, LedgerTicket ticket) {
    EXPECT_TRUE(tickets_.empty() || id > tickets_.rbegin()->first) << "ids must rise";
    waiting_[{ticket.peer, ticket.ns}] = id;
    tickets_[id] = std::move(ticket);
  }
  void end(sdk::TicketId id, End how) {
    LedgerTicket& ticket = tickets_.at(id);
    EXPECT_EQ(ticket.end, End::kWaiting) << "ticket " << id << " ends twice";
    ticket.end = how;
    ++ended_[how];
    waiting_.erase({ticket.peer, ticket.ns});
  }
  std::size_t waiting_count() const { return waiting_.size(); }
  std::size_t count() const { return tickets_.size(); }
  std::size_t ended(End how) { return ended_[how]; }
  void expect_nothing_due(const std::string& ns, sdk::Instant now) {
    for (const auto& [key, id] : waiting_) {
      EXPECT_FALSE(key.second == ns && tickets_.at(id).expires <= now &&
                   tickets_.at(id).expires.has_value())
          << "ticket " << id << " is overdue";
    }
  }

 private:
  std::map<sdk::TicketId, LedgerTicket> tickets_;
  std::map<std::pair<int, std::string>, sdk::TicketId> waiting_;
  std::map<End, std::size_t> ended_;
};

class MatchmakerPropertiesTest : public testing::TestWithParam<std::uint32_t> {
 protected:
  MatchmakerPropertiesTest() : random_(GetParam()) {
    for (int peer = 0; peer < kPeers; ++peer) {
      const std::string object = object_of(peer);
      for (const std::string& ns : kNames) {
        namespaces_.join(ns, {where(peer), fingerprint(peer), object, text_frame("")}, 100, {});
      }
    }
    mail_.clear();
  }

  static Fingerprint fingerprint(int peer) { return fingerprint_of(std::to_string(peer)); }
  static std::string object_of(int peer) { return "{\"p\":" + std::to_string(peer) + "}"; }
  static SessionRef where(int peer) {
    return test::ref_of(static_cast<std::uint32_t>(peer) % 3, static_cast<std::uint32_t>(peer));
  }
  int below(int limit) { return static_cast<int>(random_() % static_cast<unsigned>(limit)); }

  void act() {
    now_ += milliseconds(below(20));
    const std::string& ns = kNames[static_cast<std::size_t>(below(3))];
    const int action = below(10);
    if (action < 7) {
      request(below(kPeers), ns);
    } else if (action < 8) {
      cancel(below(kPeers), ns);
    } else {
      tick(ns);
    }
    EXPECT_EQ(matchmaker_.waiting(), ledger_.waiting_count());
  }

  void request(int peer, const std::string& ns) {
    MatchRequest asked =
        request_for(ns, 2 + static_cast<std::uint32_t>(below(3)), std::to_string(below(2)));
    if (below(2) == 0) asked.timeout = milliseconds(below(200));
    const auto old = ledger_.waiting(peer, ns);
    const bool equal = old && ledger_[*old].group_size == asked.group_size &&
                       ledger_[*old].criteria == asked.key();
    check_failed_ = false;
    const MatchOutcome outcome =
        matchmaker_.request({fingerprint(peer), where(peer), "", true}, *namespaces_.find(ns),
                            MatchRequest(asked), now_);
    if (check_failed_) {
      EXPECT_EQ(outcome.status, Status::kFailed);
      return;
    }
    if (equal) {
      EXPECT_EQ(outcome.ticket, *old) << "an equal request keeps its place";
    } else if (old) {
      ledger_.end(*old, End::kReplaced);
    }
    if (outcome.status == Status::kFailed) return;
    if (!equal)
      ledger_.open(outcome.ticket, {peer, ns, asked.group_size, std::string(asked.key()), {}});
    const bool expires = asked.timeout && asked.timeout->count() > 0;
    ledger_[outcome.ticket].expires = expires ? std::optional(now_ + *asked.timeout) : std::nullopt;
    read_mail();
    EXPECT_EQ(outcome.status == Status::kMatched, ledger_[outcome.ticket].end == End::kMatched);
  }

  void cancel(int peer, const std::string& ns) {
    const auto expected = ledger_.waiting(peer, ns);
    EXPECT_EQ(matchmaker_.cancel(ns, fingerprint(peer), now_), expected);
    if (expected) ledger_.end(*expected, End::kCancelled);
    read_mail();
  }

  void tick(const std::string& ns) {
    matchmaker_.tick(now_);
    read_mail();
    ledger_.expect_nothing_due(ns, now_);
  }

  // Every message is for a ticket that waited, and tells its owner what became of it.
  void read_mail() {
    struct Group {
      std::string peers;
      std::string ns;
      std::vector<sdk::TicketId> tickets;
    };
    std::map<std::string, Group> groups;
    EXPECT_FALSE(mail_.went_astray());
    for (const auto& [to, text] : mail_.take()) {
      EXPECT_TRUE(is_valid_json(text)) << text;
      const int peer = static_cast<int>(to.slot);
      const std::string ns = namespace_in(text);
      const auto ticket = ledger_.waiting(peer, ns);
      ASSERT_TRUE(ticket) << "peer " << peer << " has no ticket: " << text;
      if (text.find("match_expired") != std::string::npos) {
        EXPECT_EQ(test::between(text, "\"ticket\":\"", "\""), std::to_string(*ticket));
        EXPECT_LE(ledger_[*ticket].expires.value_or(sdk::Instant::max()), now_);
        ledger_.end(*ticket, End::kExpired);
      } else {
        EXPECT_THAT(test::session_of(text), testing::MatchesRegex("[0-9a-f]{32}"));
        Group& group = groups[test::session_of(text)];
        group.peers = test::peers_of(text);
        group.ns = ns;
        group.tickets.push_back(*ticket);
        ledger_.end(*ticket, End::kMatched);
      }
    }
    for (const auto& [session, group] : groups) {
      EXPECT_TRUE(sessions_.insert(session).second);
      expect_sound(group.peers, group.tickets);
    }
  }

  // Who was told is who is in the match, in its order; each once.
  void expect_sound(const std::string& peers, const std::vector<sdk::TicketId>& tickets) {
    std::string told;
    std::set<int> distinct;
    for (const sdk::TicketId id : tickets) {
      told.append(told.empty() ? "" : ",").append(object_of(ledger_[id].peer));
      distinct.insert(ledger_[id].peer);
      EXPECT_LE(tickets.size(), ledger_[id].group_size);
      if (sound_strategy_) {
        EXPECT_EQ(tickets.size(), ledger_[id].group_size);
        EXPECT_EQ(ledger_[id].criteria, ledger_[tickets[0]].criteria);
      }
    }
    EXPECT_EQ(peers, told);
    EXPECT_EQ(distinct.size(), tickets.size());
    EXPECT_GE(tickets.size(), 2U);
  }

  static std::string namespace_in(const std::string& text) {
    for (const std::string& ns : kNames) {
      if (text.find("\"namespace\":" + json_string(ns)) != std::string::npos) return ns;
    }
    return {};
  }

  void cancel_all() {
    for (int peer = 0; peer < kPeers; ++peer) {
      for (const std::string& ns : kNames) cancel(peer, ns);
    }
  }

  Random random_;
  sdk::Instant now_{milliseconds(1'700'000'000'000)};
  test::RecordingMail mail_;
  PeerDirectory peers_{4, 100};
  NamespaceDirectory namespaces_{4, 3, peers_, mail_.post()};
  test::TestStrategy strategy_;
  PluginCalls calls_{"match_strategy", "test"};
  Matchmaker matchmaker_{{strategy_, calls_}, namespaces_, mail_.post()};
  Ledger ledger_;
  std::set<std::string> sessions_;
  bool sound_strategy_ = true;
  bool check_failed_ = false;
};

TEST_P(MatchmakerPropertiesTest, EachTicketEndsInExactlyOneWay) {
  for (int i = 0; i < kRounds; ++i) act();
  cancel_all();
  EXPECT_EQ(matchmaker_.waiting(), 0U);
  EXPECT_EQ(calls_.counts().errors, 0U);
  EXPECT_EQ(ledger_.ended(End::kMatched) + ledger_.ended(End::kCancelled) +
                ledger_.ended(End::kExpired) + ledger_.ended(End::kReplaced),
            ledger_.count());
  for (const End end : {End::kMatched, End::kCancelled, End::kExpired, End::kReplaced}) {
    EXPECT_GT(ledger_.ended(end), 10U) << "the generator must reach every end";
  }
}

// A strategy that throws in any call, and makes groups of whatever tickets come to its mind.
class NonsenseStrategyTest : public MatchmakerPropertiesTest {
 protected:
  NonsenseStrategyTest() {
    sound_strategy_ = false;
    strategy_.on_check = [this] {
      check_failed_ = below(10) == 0;
      if (check_failed_) throw std::runtime_error("check");
      return std::nullopt;
    };
    strategy_.on_make_queue = strategy_.on_add = strategy_.on_remove = [this] { throw_at_times(); };
    strategy_.on_next_change = [this](sdk::Instant now) {
      throw_at_times();
      return now + milliseconds(below(100) - 50);
    };
    strategy_.on_form_groups = [this](std::vector<sdk::MatchGroup>& groups) {
      throw_at_times();
      for (int i = below(3); i > 0; --i) groups.insert(groups.begin(), any_group());
    };
  }

  void throw_at_times() {
    if (below(10) == 0) throw std::runtime_error("at times");
  }
  sdk::MatchGroup any_group() {
    sdk::MatchGroup group;
    const std::size_t newest = ledger_.count() + 200;  // failed requests use up ids, too
    for (int i = below(5); i > 0; --i) group.tickets.push_back(newest - random_() % 100);
    return group;
  }
};

TEST_P(NonsenseStrategyTest, NeitherLosesATicketNorBreaksAnything) {
  for (int i = 0; i < kRounds; ++i) act();
  cancel_all();
  EXPECT_EQ(matchmaker_.waiting(), 0U);
  EXPECT_GT(calls_.counts().errors, 100U);
  EXPECT_GT(ledger_.ended(End::kMatched), 10U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, MatchmakerPropertiesTest, testing::Range(1U, 5U));
INSTANTIATE_TEST_SUITE_P(Seeds, NonsenseStrategyTest, testing::Range(1U, 5U));

}  // namespace
}  // namespace peer
