// A server on its own, which says at its end how many messages went to peers that nobody knows.
//
//   broker: {name: counting}

#include <atomic>
#include <memory>

#include <peer/sdk/broker.h>
#include <peer/sdk/plugin.h>

using namespace peer::sdk;

namespace {

class CountingBroker final : public Broker {
 public:
  void start(BrokerHost& host) override { host_ = &host; }
  void stop() override {
    host_->log_warning(std::to_string(lost_.load()) + " messages went to unknown peers");
  }

  // Nothing is elsewhere, and that is known at once. A broker with something elsewhere would hand
  // `reply` to a thread of its own and return.
  void register_peer(const Registered&, std::string_view,
                     BrokerReply<RegisterOutcome> reply) override {
    reply({});
  }
  void unregister_peer(const Registered&) override {}
  void join(std::string_view, const Registered&, std::string_view, std::uint32_t, std::uint32_t,
            BrokerReply<JoinOutcome> reply) override {
    reply({});
  }
  void leave(std::string_view, const Registered&) override {}
  void list(std::string_view, const std::optional<Fingerprint>&, std::uint32_t,
            BrokerReply<RemoteMembers> reply) override {
    reply({});
  }
  void name_in_use(std::string_view, BrokerReply<bool> reply) override { reply(false); }

  RouteOutcome route(const DirectedMessage&) override {
    lost_.fetch_add(1, std::memory_order_relaxed);  // several loops call at a time
    return RouteOutcome::kNotFound;
  }
  std::size_t broadcast(const NamespaceMessage&) override { return 0; }

 private:
  BrokerHost* host_ = nullptr;
  std::atomic<std::uint64_t> lost_{0};
};

Result<std::unique_ptr<Broker>> make_counting(PluginConfig&) {
  return std::unique_ptr<Broker>(std::make_unique<CountingBroker>());
}

}  // namespace

PEER_PLUGIN(peer::sdk::Broker, "counting", "1.0.0", make_counting)
