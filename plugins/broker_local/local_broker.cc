#include <memory>

#include <peer/sdk/broker.h>
#include <peer/sdk/plugin.h>

namespace {

using namespace peer::sdk;

/// A server on its own: there is nothing elsewhere, so that the node's own truth is the whole
/// truth. Stores nothing, answers during the call. Thread-safe.
class LocalBroker final : public Broker {
 public:
  void start(BrokerHost&) override {}
  void stop() override {}
  bool standalone() const override { return true; }
  BrokerStatus status() const override {
    BrokerStatus status;
    status.state = BrokerStatus::State::kStandalone;
    return status;
  }
};

Result<std::unique_ptr<Broker>> make_local(PluginConfig&) {
  return std::make_unique<LocalBroker>();
}

}  // namespace

PEER_PLUGIN(peer::sdk::Broker, "local", "1.0.0", make_local)
