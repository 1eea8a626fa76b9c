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

  RouteOutcome route(const DirectedMessage&) override { return RouteOutcome::kNotFound; }
  std::size_t broadcast(const NamespaceMessage&) override { return 0; }
};

Result<std::unique_ptr<Broker>> make_local(PluginConfig&) {
  return std::unique_ptr<Broker>(std::make_unique<LocalBroker>());
}

}  // namespace

PEER_PLUGIN(peer::sdk::Broker, "local", "1.0.0", make_local)
