#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <peer/sdk/broker.h>

#include "guide_messages.h"
#include "kit.h"
#include "link.h"
#include "options.h"

namespace peer_redis {

/// A message to the members of a namespace on other nodes.
struct Broadcast {
  std::string ns;
  Fingerprint from;
  std::vector<Fingerprint> exclude;
  std::string text;
};

/// The channels of the original implementation, both ways. Published there is only while other
/// nodes than ours listen (plugins/broker_redis/DESIGN.md, "Beside the original implementation").
/// Loop thread only.
class GuideChannels {
 public:
  GuideChannels(Link& link, const Options& options, const std::string& self, const Mirror& mirror,
                SharedState& shared, peer::sdk::BrokerHost& host)
      : link_(link),
        options_(options),
        self_(self),
        mirror_(mirror),
        shared_(shared),
        host_(host) {}

  /// Nodes of another kind listen, as last seen.
  [[nodiscard]] bool has_listeners() const { return has_listeners_; }
  /// As each heartbeat finds it.
  void set_listeners(bool some) { has_listeners_ = options_.legacy_channels && some; }

  /// `routed`: it goes to our nodes otherwise, and is counted there.
  void publish(const Directed& message, bool routed);
  void publish(const Broadcast& message);
  /// What came on one of the channels. False: it is not the protocol's JSON.
  bool take(std::string_view json);

 private:
  /// `name`: of the channel; `counts`: a message that is lost is counted as dropped.
  void publish(std::string_view name, std::string_view json, bool counts);
  /// The peer that a client of another node means; nullopt: nobody here.
  [[nodiscard]] std::optional<Fingerprint> find_named(std::string_view name) const;
  /// A signal or relay. One that our nodes have by their own channels is skipped, a broadcast too.
  void deliver_signal(GuideMessage& message, const Fingerprint& from);
  /// Checks the sender's namespaces here, where they are told: the core delivers to all members.
  void deliver_broadcast(const GuideMessage& message, const Fingerprint& from);

  Link& link_;
  const Options& options_;
  const std::string& self_;
  const Mirror& mirror_;
  SharedState& shared_;
  peer::sdk::BrokerHost& host_;
  /// Without them nothing is published here, so a cluster of our nodes alone pays nothing.
  bool has_listeners_ = false;
};

}  // namespace peer_redis
