#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/integration/cluster/redis_process.h"
#include "tests/integration/cluster/script_model.h"

namespace peer::test {

/// Several simulated nodes that call the scripts of broker_redis the way it does, at random, and
/// the model beside them. Every answer is compared with the model's; check() compares the whole
/// state. What differs fails the test.
class ScriptDriver {
 public:
  /// `parts`: over how many parts the scripts' keys are spread, as ClusterNode does it.
  ScriptDriver(RedisProcess& redis, std::uint64_t seed, std::size_t parts);

  /// One operation at random.
  void step();
  /// Every index equals its records, and all records of each part equal the model's.
  void check();
  /// Nodes hear of what they have not heard yet, and put right what they have. Then each copy of a
  /// registration is that of its own part.
  void settle();

 private:
  using Texts = std::vector<std::string>;
  using Operation = void (ScriptDriver::*)();

  /// What one node believes of its own peers; it may be wrong after a fault, as a real one's.
  struct Own {
    std::uint64_t registration = 0;
    std::int64_t since = 0;
    std::string alias;
    std::map<std::string, ScriptModel::Told> members;
    bool away = false;
    std::set<std::size_t> copies{};  ///< parts beside its own where it may be
    std::string tokens{};            ///< each with '|' behind it; over several parts alone
  };
  /// One registration, and a part that has something of it.
  struct OfNode {
    std::string node;
    std::string peer;
    std::uint64_t registration = 0;
    std::int64_t since = 0;
    std::size_t part = 0;
    std::chrono::steady_clock::time_point at{};
  };

  /// What is to be done in one part, where the peer's own part has given its registration to
  /// another node, or to none.
  struct Step {
    std::size_t part = 0;
    std::string peer;
    std::string from;
    std::string node;
    std::uint64_t registration = 0;  ///< with `from`
    std::uint64_t number = 0;        ///< with `node`
    std::int64_t since = 0;
    Own before;
  };

  std::size_t home_of(const std::string& peer) const;
  std::size_t part_of(const std::string& name) const;
  ScriptModel& model_of(const std::string& ns) { return models_[part_of(ns)]; }
  std::string key(std::size_t part) const;
  std::string channel(std::size_t part) const;
  Texts run(std::size_t part, const std::string& script, const std::string& node, Texts arguments);
  /// Null: the node does not have that registration.
  Own* own_of(const std::string& node, const std::string& peer, std::uint64_t registration);
  /// As Copies::arguments(), and the same in the model.
  void append_copy(std::size_t part, const std::string& node, const std::string& peer,
                   std::uint64_t registration, Texts& arguments);
  /// The peer is another node's now, which its node hears later.
  void replace(const std::string& node, const std::string& peer, std::uint64_t registration);
  void hear_one();
  void end_at(std::size_t part, const OfNode& registration);
  /// As ClusterNode::remove().
  void remove_own(const std::string& node, const std::string& peer);
  void end_copies(const std::string& node, const std::string& peer);
  void resync_at(std::size_t part, const std::string& node, const std::string& peer);
  void ask_home(std::size_t part, const std::string& node, const std::string& peer,
                std::int64_t newer);
  std::vector<std::size_t> parts_of(const std::string& peer, const Own& own) const;
  std::string take_alias(const std::string& node, const std::string& peer,
                         const std::string& alias);
  bool is_away(std::size_t part, const std::string& peer);
  void expect_answer(const std::string& script, const Texts& answer, const Texts& expected);
  std::size_t below(std::size_t limit);
  const std::string& any(const Texts& texts);
  bool chance(int percent) { return below(100) < static_cast<std::size_t>(percent); }
  /// A peer, most often one of that node's, and a registration, most often the live one.
  std::string peer_of(const std::string& node);
  std::uint64_t registration_of(const std::string& node, const std::string& peer);
  ScriptModel::Room room_request(const std::string& ns);
  /// Has it listen to its channel and beat for the first time.
  void start(const std::string& node);
  void beat(std::size_t part, const std::string& node);
  void expire_lease(std::size_t part, const std::string& node);
  void reap(std::size_t part, const std::string& node);

  void do_register();
  void do_unregister();
  void do_join();
  void do_leave();
  void do_update();
  void do_list();
  void do_members();
  void do_read_room();
  void do_commit_room();
  void do_broadcast();
  void do_add_ticket();
  void do_remove_ticket();
  void do_claim();
  void do_resolve();
  void do_forget();
  void do_resync();
  void do_death();
  void do_freeze();
  void do_beat();
  void do_flush();
  std::string any_tokens();
  void do_set_tokens();
  void do_take_peer();
  void take_peer(const std::string& node, const std::string& from, const std::string& peer,
                 std::uint64_t registration);
  bool lives(const std::string& node) const;
  /// Returns them, as the script takes them.
  std::string note_copies(const std::string& node, const std::string& peer,
                          std::uint64_t registration);
  std::string copies_of_parked(const std::string& peer, std::uint64_t registration) const;
  std::int64_t now_ms();
  void expect_end_in(std::size_t part, const std::string& peer, std::int64_t earliest,
                     std::int64_t time);
  bool park_at(std::size_t part, const std::string& node, const std::string& peer,
               std::uint64_t registration, bool away);
  void do_park();
  void do_keep();
  void keep_copy(std::size_t part, const OfNode& parked);
  void end_parked_copy(std::size_t part, const std::string& node, const std::string& peer,
                       std::uint64_t registration);
  void end_parked_copies(const std::string& node, const std::string& peer,
                         std::uint64_t registration, const std::string& copies);
  void let_end(std::size_t part, const std::string& peer);
  void offer_again(std::size_t part);
  void do_next_parked();
  bool next_parked(std::size_t part);
  void settle_parked();
  void take_over_parts(const std::string& node, const std::string& from, const std::string& peer,
                       std::uint64_t registration);
  void take_own(Own& own, const Step& step, const Texts& answer);
  void make_step(const Step& step);
  void park_copy(const Step& step);
  /// The old node ends what nobody has taken in time.
  void give_up_step(const Step& step);
  void do_step();
  bool is_on_its_way(const std::string& peer) const;
  std::string tokens_in(std::size_t part, const std::string& tokens) const;
  void do_watch();
  void do_set_away();
  void do_hear();
  void do_late_join();

  std::uint16_t port_;
  RedisClient redis_;
  std::mt19937_64 random_;
  std::map<std::string, std::string> hashes_;
  std::vector<ScriptModel> models_;  ///< of each part
  Texts nodes_;
  std::map<std::string, std::vector<std::unique_ptr<RedisSubscriber>>> listening_;
  /// By node, by peer; of those that are parked, what their nodes believed.
  std::map<std::string, std::map<std::string, Own>> own_;
  std::set<std::uint64_t> away_;  ///< registrations that were so when they were parked
  std::vector<OfNode> unkept_;    ///< parked, and their nodes have yet to bring their records
  std::deque<Step> steps_;
  std::deque<OfNode> unheard_;  ///< registrations that have been replaced
  std::vector<OfNode> late_;    ///< copies that have ended: what comes of them is too late
  std::uint64_t last_registration_ = 0;
  std::uint64_t last_ticket_ = 0;
  std::uint64_t last_node_ = 0;
  std::uint64_t last_token_ = 0;
};

}  // namespace peer::test
