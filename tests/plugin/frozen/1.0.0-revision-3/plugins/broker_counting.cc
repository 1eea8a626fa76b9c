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

  // A broker with something elsewhere would hand `reply` to a thread of its own and return. What
  // is not overridden says that nothing is elsewhere.
  void route(const DirectedMessage&, BrokerReply<RouteOutcome> reply) override {
    lost_.fetch_add(1, std::memory_order_relaxed);  // several loops call at a time
    reply(RouteOutcome::kNotFound);
  }

 private:
  BrokerHost* host_ = nullptr;
  std::atomic<std::uint64_t> lost_{0};
};

Result<std::unique_ptr<Broker>> make_counting(PluginConfig&) {
  return std::make_unique<CountingBroker>();
}

}  // namespace

PEER_PLUGIN(peer::sdk::Broker, "counting", "1.0.0", make_counting)
