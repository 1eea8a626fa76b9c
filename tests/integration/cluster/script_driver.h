#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <random>
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
  ScriptDriver(RedisProcess& redis, std::uint64_t seed);

  /// One operation at random.
  void step();
  /// Every index equals its records, and all records equal the model's.
  void check();

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
  };

  Texts run(const std::string& script, const std::string& node, Texts arguments);
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
  void beat(const std::string& node);
  void expire_lease(const std::string& node);
  void reap(const std::string& node);

  void do_register();
  void do_unregister();
  void do_join();
  void do_leave();
  void do_update();
  void do_list();
  void do_members();
  void do_read_room();
  void do_commit_room();
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
  void do_watch();
  void do_set_away();
  bool is_away(const std::string& peer);

  std::uint16_t port_;
  RedisClient redis_;
  std::mt19937_64 random_;
  std::map<std::string, std::string> hashes_;
  ScriptModel model_;
  Texts nodes_;
  std::map<std::string, std::unique_ptr<RedisSubscriber>> listening_;
  std::map<std::string, std::map<std::string, Own>> own_;  ///< by node, by peer
  std::uint64_t last_registration_ = 0;
  std::uint64_t last_ticket_ = 0;
  std::uint64_t last_node_ = 0;
  std::uint64_t last_token_ = 0;
};

}  // namespace peer::test
