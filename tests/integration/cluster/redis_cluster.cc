#include "tests/integration/cluster/redis_cluster.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>

#include "tests/support/free_port.h"
#include "tests/support/json.h"
#include "tests/support/run_program.h"

namespace peer::test {
namespace {

constexpr std::size_t kSlots = 16384;

template <typename Condition>
void wait_until(const Condition& condition, std::string_view what) {
  const Deadline deadline(30s);
  while (!condition()) {
    if (deadline.passed()) throw std::runtime_error("Redis Cluster: not " + std::string(what));
  }
}

bool says(RedisClient& client, const std::vector<std::string>& question, std::string_view answer) {
  return client.command(question).at(0).find(answer) != std::string::npos;
}

}  // namespace

RedisCluster::RedisCluster(std::size_t masters, std::size_t parts, OtherSlots others,
                           std::vector<std::string> more)
    : more_(std::move(more)) {
  while (servers_.size() < masters) start_server();
  for (std::size_t part = 0; part < parts; ++part) {
    const auto slot = command(0, {"CLUSTER", "KEYSLOT", fmt("peer:{%}", part)});
    slots_.push_back(std::stoul(slot.at(0)));
  }
  divide_slots(masters, others);
  for (std::size_t i = 0; i < masters; ++i) {
    // Else all begin with the same one, and have to agree first who takes another.
    command(i, {"CLUSTER", "SET-CONFIG-EPOCH", std::to_string(i + 1)});
  }
  for (std::size_t i = 1; i < masters; ++i) introduce(i);
  for (std::size_t i = 0; i < masters; ++i) {
    wait_for(i, fmt("cluster_known_nodes:%", masters));
    wait_for(i, fmt("cluster_slots_ok:%", kSlots));
    wait_for(i, "cluster_state:ok");
  }
}

void RedisCluster::start_server() {
  replicates_.push_back(servers_.size());
  std::vector<std::string> arguments{"--save",
                                     "",
                                     "--cluster-enabled",
                                     "yes",
                                     "--cluster-node-timeout",
                                     "2000",
                                     "--cluster-port",
                                     std::to_string(free_port()),
                                     "--cluster-require-full-coverage",
                                     "no",
                                     "--cluster-replica-no-failover",
                                     "yes",
                                     "--repl-diskless-sync-delay",
                                     "0"};
  arguments.insert(arguments.end(), more_.begin(), more_.end());
  servers_.push_back(std::make_unique<RedisProcess>(std::move(arguments)));
}

void RedisCluster::introduce(std::size_t number) {
  RedisProcess& server = *servers_.at(number);
  command(0, {"CLUSTER", "MEET", "127.0.0.1", std::to_string(server.port()),
              server.command({"CONFIG", "GET", "cluster-port"}).at(1)});
}

void RedisCluster::divide_slots(std::size_t masters, OtherSlots others) {
  std::vector<std::size_t> order(slots_.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [this](std::size_t a, std::size_t b) { return slots_[a] < slots_[b]; });
  owners_.resize(slots_.size());
  std::vector<std::size_t> masters_of(kSlots, 0);
  std::size_t begin = 0;
  for (std::size_t master = 0; master < masters; ++master) {
    const std::size_t end = order.size() * (master + 1) / masters;
    for (std::size_t i = order.size() * master / masters; i < end; ++i) owners_[order[i]] = master;
    const std::size_t next = end < order.size() ? slots_[order[end]] : kSlots;
    if (others == OtherSlots::kShared) {
      std::fill(masters_of.begin() + static_cast<std::ptrdiff_t>(begin),
                masters_of.begin() + static_cast<std::ptrdiff_t>(next), master);
    }
    begin = next;
  }
  for (std::size_t part = 0; part < slots_.size(); ++part) masters_of[slots_[part]] = owners_[part];
  for (std::size_t master = 0; master < masters; ++master) {
    std::vector<std::string> words{"CLUSTER", "ADDSLOTS"};
    for (std::size_t slot = 0; slot < kSlots; ++slot) {
      if (masters_of[slot] == master) words.push_back(std::to_string(slot));
    }
    command(master, words);
  }
}

void RedisCluster::reshard(std::size_t from, std::size_t to, std::size_t slots) {
  const ProgramResult done = run_program(
      fmt("% --cluster reshard 127.0.0.1:% --cluster-from % --cluster-to % --cluster-slots % "
          "--cluster-yes 2>&1",
          PEER_REDIS_CLI, servers_.at(from)->port(), id_of(from), id_of(to), slots));
  if (done.exit_status != 0) throw std::runtime_error("redis-cli: " + done.output);
  for (std::size_t part = 0; part < owners_.size(); ++part) {
    if (owners_[part] != from) continue;
    RedisClient client = servers_[from]->client();
    try {
      client.command({"EXISTS", fmt("peer:{%}", part)});
    } catch (const std::runtime_error&) {  // MOVED
      owners_[part] = to;
      wait_for_agreement(part);
    }
  }
}

void RedisCluster::wait_for(std::size_t server, std::string_view state) {
  RedisClient client = servers_.at(server)->client();
  wait_until([&] { return says(client, {"CLUSTER", "INFO"}, state); }, state);
}

std::string RedisCluster::addresses() const {
  std::string all;
  for (const auto& server : servers_) {
    all += fmt("%127.0.0.1:%", all.empty() ? "" : ",", server->port());
  }
  return all;
}

std::vector<std::size_t> RedisCluster::parts_of(std::size_t server) const {
  std::vector<std::size_t> parts;
  for (std::size_t part = 0; part < owners_.size(); ++part) {
    if (owners_[part] == server) parts.push_back(part);
  }
  return parts;
}

std::vector<RedisClient> RedisCluster::masters() {
  std::vector<RedisClient> clients;
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    if (!parts_of(i).empty()) clients.push_back(servers_[i]->client());
  }
  return clients;
}

void RedisCluster::add_replica(std::size_t of) {
  const std::size_t number = servers_.size();
  start_server();
  introduce(number);
  const std::string id = id_of(of);
  RedisClient client = servers_[number]->client();
  wait_until([&] { return says(client, {"CLUSTER", "NODES"}, id); }, "known to its replica");
  client.command({"CLUSTER", "REPLICATE", id});
  replicates_[number] = of;
  wait_until_replicated(number);
}

void RedisCluster::wait_until_replicated(std::size_t replica) {
  RedisClient client = servers_.at(replica)->client();
  wait_until(
      [&] {
        return says(client, {"INFO", "replication"}, "master_link_status:up");
      },
      "replicated");
}

std::size_t RedisCluster::replica_of(std::size_t master) const {
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    if (i != master && replicates_[i] == master) return i;
  }
  throw std::runtime_error("a master without a replica");
}

void RedisCluster::promote(std::size_t replica, Promotion how) {
  RedisClient client = servers_.at(replica)->client();
  std::vector<std::string> words{"CLUSTER", "FAILOVER"};
  if (how == Promotion::kByForce) words.emplace_back("TAKEOVER");
  // The other masters vote for replicas of one master only now and then: it may be in vain.
  const Deadline deadline(30s);
  bool is_master = false;
  while (!is_master && !deadline.passed()) {
    client.command(words);
    const Deadline attempt(6s);
    while (!is_master && !attempt.passed()) {
      is_master = says(client, {"INFO", "replication"}, "role:master");
    }
  }
  if (!is_master) throw std::runtime_error("Redis Cluster: not promoted");
  const std::size_t before = std::exchange(replicates_.at(replica), replica);
  replicates_.at(before) = replica;
  std::replace(owners_.begin(), owners_.end(), before, replica);
}

void RedisCluster::move(std::size_t part, std::size_t to, const std::function<void()>& meanwhile) {
  const std::string slot = std::to_string(slots_.at(part));
  RedisClient source = servers_.at(owner_of(part))->client();
  RedisClient target = servers_.at(to)->client();
  const std::string target_id = id_of(to);
  target.command({"CLUSTER", "SETSLOT", slot, "IMPORTING", id_of(owner_of(part))});
  source.command({"CLUSTER", "SETSLOT", slot, "MIGRATING", target_id});
  meanwhile();
  const auto keys = [&] { return source.command({"CLUSTER", "GETKEYSINSLOT", slot, "100"}); };
  for (auto some = keys(); !some.empty(); some = keys()) {
    std::vector<std::string> migrate{
        "MIGRATE", "127.0.0.1", std::to_string(servers_.at(to)->port()), "", "0", "5000", "KEYS"};
    migrate.insert(migrate.end(), some.begin(), some.end());
    source.command(migrate);
  }
  target.command({"CLUSTER", "SETSLOT", slot, "NODE", target_id});
  source.command({"CLUSTER", "SETSLOT", slot, "NODE", target_id});
  owners_.at(part) = to;
  wait_for_agreement(part);
}

void RedisCluster::move_empty(std::size_t part, std::size_t to) {
  const std::string slot = std::to_string(slots_.at(part));
  RedisClient source = servers_.at(owner_of(part))->client();
  RedisClient target = servers_.at(to)->client();
  const std::string target_id = id_of(to);
  target.command({"CLUSTER", "SETSLOT", slot, "IMPORTING", id_of(owner_of(part))});
  target.command({"CLUSTER", "SETSLOT", slot, "NODE", target_id});
  source.command({"MULTI"});
  source.command({"FLUSHALL"});
  source.command({"CLUSTER", "SETSLOT", slot, "NODE", target_id});
  source.command({"EXEC"});
  owners_.at(part) = to;
}

void RedisCluster::wait_for_agreement(std::size_t part) {
  const std::string owner = fmt("127.0.0.1:%", servers_.at(owner_of(part))->port());
  for (const auto& server : servers_) {
    RedisClient client = server->client();
    const auto names_owner = [&] {
      try {
        client.command({"EXISTS", fmt("peer:{%}", part)});
        return server == servers_[owner_of(part)];
      } catch (const std::runtime_error& moved) {
        return std::string_view(moved.what()).find(owner) != std::string_view::npos;
      }
    };
    wait_until(names_owner, "agreed on who has a slot");
  }
}

}  // namespace peer::test
