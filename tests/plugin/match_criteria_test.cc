#include <gmock/gmock.h>

#include <map>
#include <random>
#include <set>

#include "tests/plugin/match_queue.h"

namespace peer {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class MatchCriteriaTest : public testing::Test {
 protected:
  void add(sdk::TicketId id, std::uint32_t group_size = 2, const std::string& criteria = "{}") {
    add_ticket(*queue_, id, group_size, criteria);
  }
  std::vector<TicketIds> groups() { return form_groups(*queue_); }

  const Loaded loaded_ = load({});
  const std::unique_ptr<sdk::MatchQueue> queue_ =
      loaded_.plugins.match_strategies.front()->make_queue();
};

TEST_F(MatchCriteriaTest, OneTicketWaits) {
  add(1);
  EXPECT_THAT(groups(), IsEmpty());
}

TEST_F(MatchCriteriaTest, EqualTicketsMatchOldestFirst) {
  add(1);
  add(2);
  add(3);
  EXPECT_THAT(groups(), ElementsAre(ElementsAre(1, 2)));
  add(4);
  EXPECT_THAT(groups(), ElementsAre(ElementsAre(3, 4)));
}

TEST_F(MatchCriteriaTest, DifferentCriteriaDoNotMatch) {
  add(1, 2, "ranked");
  add(2, 2, "casual");
  EXPECT_THAT(groups(), IsEmpty());
}

TEST_F(MatchCriteriaTest, CriteriaWhoseHashesAreEqualDoNotMatch) {
  const std::string one = "criteriacriteria";
  const std::string other(
      "cr&\x8e\0X\x11\xf0"
      "cr&\x8e\0X\x11\xf0",
      16);
  ASSERT_EQ(std::hash<std::string_view>{}(one), std::hash<std::string_view>{}(other));
  add(1, 2, one);
  add(2, 2, other);
  EXPECT_THAT(groups(), IsEmpty());
  add(3, 2, other);
  add(4, 2, one);
  EXPECT_THAT(groups(), ElementsAre(ElementsAre(1, 4), ElementsAre(2, 3)));
}

TEST_F(MatchCriteriaTest, DifferentGroupSizesDoNotMatch) {
  add(1, 2);
  add(2, 3);
  add(3, 3);
  EXPECT_THAT(groups(), IsEmpty());
}

TEST_F(MatchCriteriaTest, AGroupHasTheSizeAskedFor) {
  for (sdk::TicketId id = 1; id <= 9; ++id) add(id, 4);
  EXPECT_THAT(groups(), ElementsAre(ElementsAre(1, 2, 3, 4), ElementsAre(5, 6, 7, 8)));
}

TEST_F(MatchCriteriaTest, TheGroupWithTheOldestTicketComesFirst) {
  add(1, 2, "z");
  add(2, 2, "a");
  add(3, 2, "a");
  add(4, 2, "z");
  EXPECT_THAT(groups(), ElementsAre(ElementsAre(1, 4), ElementsAre(2, 3)));
}

TEST_F(MatchCriteriaTest, ARemovedTicketDoesNotMatch) {
  add(1);
  add(2);
  queue_->remove(1);
  EXPECT_THAT(groups(), IsEmpty());
}

TEST_F(MatchCriteriaTest, RemovingWhatIsNotThereIsIgnored) {
  add(1);
  queue_->remove(7);
  queue_->remove(1);
  queue_->remove(1);
  add(2);
  EXPECT_THAT(groups(), IsEmpty());
}

TEST_F(MatchCriteriaTest, ATicketAddedAgainIsBackAtItsPlace) {
  add(1);
  add(2);
  ASSERT_THAT(groups(), ElementsAre(ElementsAre(1, 2)));
  add(3);
  add(1);
  add(4);
  EXPECT_THAT(groups(), ElementsAre(ElementsAre(1, 3)));
}

TEST_F(MatchCriteriaTest, ATicketCannotBeInTheQueueTwice) {
  add(1, 2, "ranked");
  add(1, 2, "ranked");
  add(1, 2, "casual");
  add(2, 2, "casual");
  EXPECT_THAT(groups(), IsEmpty());
}

TEST_F(MatchCriteriaTest, OnlyANewTicketChangesTheAnswer) {
  add(1);
  EXPECT_EQ(queue_->next_change(at(0)), std::nullopt);
}

TEST_F(MatchCriteriaTest, QueuesKnowNothingOfEachOther) {
  const auto other = loaded_.plugins.match_strategies.front()->make_queue();
  add(1);
  add_ticket(*other, 2, 2, "{}");
  EXPECT_THAT(groups(), IsEmpty());
  EXPECT_THAT(form_groups(*other), IsEmpty());
}

/// The rule, without any index: what the queue must answer.
class Model {
 public:
  using Key = std::pair<std::uint32_t, std::string>;

  void add(sdk::TicketId id, const Key& key) { buckets_[key].insert(id); }
  void remove(sdk::TicketId id) {
    for (auto& [key, waiting] : buckets_) waiting.erase(id);
  }
  std::vector<TicketIds> form_groups() {
    std::vector<TicketIds> groups;
    for (auto& [key, waiting] : buckets_) {
      while (waiting.size() >= key.first) {
        TicketIds& group = groups.emplace_back();
        while (group.size() < key.first) group.push_back(waiting.extract(waiting.begin()).value());
      }
    }
    std::sort(groups.begin(), groups.end());
    return groups;
  }

 private:
  std::map<Key, std::set<sdk::TicketId>> buckets_;
};

/// Random tickets of few kinds, removals, and groups that could not be claimed. Equal answers of
/// queue and model mean: no ticket is lost, none is in two groups, and the order is kept.
class MatchCriteriaRandomTest : public MatchCriteriaTest,
                                public testing::WithParamInterface<unsigned> {
 protected:
  void add_new() {
    const Model::Key key{2 + pick(4), std::string(1, static_cast<char>('a' + pick(5)))};
    keys_.push_back(key);
    add_again(keys_.size() - 1);
  }
  void add_again(sdk::TicketId id) {
    add(id, keys_[id].first, keys_[id].second);
    model_.add(id, keys_[id]);
  }
  void remove_some() {
    const sdk::TicketId id = pick(static_cast<std::uint32_t>(keys_.size()));
    queue_->remove(id);
    model_.remove(id);
  }
  void form() {
    const std::vector<TicketIds> formed = groups();
    ASSERT_EQ(formed, model_.form_groups());
    matched_ += formed.size();
    if (formed.empty() || pick(4) != 0) return;
    // One of this group has gone meanwhile: the others come back.
    const TicketIds& lost = formed.front();
    for (std::size_t i = 1; i < lost.size(); ++i) add_again(lost[i]);
  }
  std::uint32_t pick(std::uint32_t below) {
    return std::uniform_int_distribution<std::uint32_t>(0, below - 1)(random_);
  }

  std::mt19937 random_{GetParam()};
  Model model_;
  std::vector<Model::Key> keys_;
  std::size_t matched_ = 0;
};

TEST_P(MatchCriteriaRandomTest, EqualsTheRuleWithoutAnIndex) {
  for (int i = 0; i < 5000 && !HasFatalFailure(); ++i) {
    add_new();
    if (pick(3) == 0) remove_some();
    if (pick(3) == 0) form();
  }
  EXPECT_GT(matched_, 500u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, MatchCriteriaRandomTest, testing::Range(1u, 6u));

}  // namespace
}  // namespace peer
