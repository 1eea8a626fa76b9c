#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/integration/cluster/redis_process.h"

namespace peer::test {

/// A Redis Cluster of this test alone, on free ports. The slots are divided so that each master has
/// the same number of the parts `peer:{k}`, or one more. A master that is dead costs its own slots
/// alone. Its servers are numbered: the masters that it begins with come first, then replicas.
class RedisCluster {
 public:
  /// Who has the slots that no part is in.
  enum class OtherSlots {
    kShared,      ///< each master those between its own
    kAtTheFirst,  ///< the others have no slot without data
  };
  /// Waits until all of them serve. `more`: arguments for each server.
  RedisCluster(std::size_t masters, std::size_t parts, OtherSlots others = OtherSlots::kShared,
               std::vector<std::string> more = {});

  [[nodiscard]] std::size_t size() const { return servers_.size(); }
  RedisProcess& server(std::size_t number) { return *servers_.at(number); }
  /// All of its servers, as the option `addr` takes them.
  [[nodiscard]] std::string addresses() const;
  /// The server that has this part now.
  [[nodiscard]] std::size_t owner_of(std::size_t part) const { return owners_.at(part); }
  [[nodiscard]] std::vector<std::size_t> parts_of(std::size_t server) const;
  /// Connections to those that have parts now. All of them must live.
  std::vector<RedisClient> masters();

  /// A copy of a master that has all of its data. It takes over when it is told to.
  void add_replica(std::size_t of);
  std::size_t replica_of(std::size_t master) const;
  enum class Promotion { kPolite, kByForce };  ///< by force: its master may be dead
  /// The replica takes the place of its master, which becomes its replica as soon as it lives.
  void promote(std::size_t replica, Promotion how = Promotion::kPolite);
  void wait_until_replicated(std::size_t replica);
  /// As redis-cli moves a slot. `meanwhile`: between the announcement and the first key.
  void move(
      std::size_t part, std::size_t to, const std::function<void()>& meanwhile = [] {});
  /// At once and without the keys, as after a failover to a replica that had none of them.
  void move_empty(std::size_t part, std::size_t to);
  /// Runs `redis-cli --cluster reshard`: so many slots of one master go to another. Returns when
  /// all servers agree where they are. On any thread, while nobody else asks for an owner.
  void reshard(std::size_t from, std::size_t to, std::size_t slots);
  /// Until this server says that in CLUSTER INFO.
  void wait_for(std::size_t server, std::string_view state);

 private:
  void start_server();
  void introduce(std::size_t number);
  void divide_slots(std::size_t masters, OtherSlots others);
  /// All servers say who has this part now. A slot that moves again before that can end with two
  /// servers that name each other.
  void wait_for_agreement(std::size_t part);
  std::string id_of(std::size_t server) { return command(server, {"CLUSTER", "MYID"}).at(0); }
  std::vector<std::string> command(std::size_t server, const std::vector<std::string>& words) {
    return servers_.at(server)->command(words);
  }

  const std::vector<std::string> more_;
  std::vector<std::unique_ptr<RedisProcess>> servers_;
  std::vector<std::size_t> slots_;       ///< by part
  std::vector<std::size_t> owners_;      ///< by part
  std::vector<std::size_t> replicates_;  ///< by server; its own number: a master
};

}  // namespace peer::test
