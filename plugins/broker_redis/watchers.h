#pragma once

#include <map>
#include <string>
#include <vector>

#include <peer/sdk/broker.h>

#include "kit.h"
#include "link.h"

namespace peer_redis {

/// Who watches whom across nodes (plugins/broker_redis/DESIGN.md, "Watchers"): what the members
/// here watch is marked in Redis, for each namespace, and what others watch of the peers here they
/// are told by scripts, which look at the marks. Loop thread only.
class Watchers {
 public:
  /// One membership whose members elsewhere are told that its peer is away, or back.
  struct Away {
    std::string ns;
    std::string told;  ///< fingerprints, packed
  };

  Watchers(Link& link, Mirror& mirror, const NodeState& state, peer::sdk::BrokerHost& host)
      : link_(link), mirror_(mirror), state_(state), host_(host) {}

  /// A join is under way whose peer watches others there. Returns what is to be marked with it.
  std::string join_begins(const std::string& ns, Watches watches);
  /// It has been answered; `marked`: what join_begins() has returned, if the peer is in.
  void join_ended(const std::string& ns, Watches watches, const std::string* marked);
  /// What is to be marked once a peer is in that watches this.
  [[nodiscard]] std::string kinds_with(const std::string& ns, Watches watches) const;

  /// See sdk::Broker.
  void watch(const std::string& ns, const Registered& peer, Watches watches);
  void set_away(const Registered& peer, bool away, const std::vector<Away>& news);
  void tell_update(const std::string& ns, const Registered& peer, const std::string& text,
                   const std::string& told);

  /// Fewer members here watch others of that namespace (Mirror::take_less_watched).
  void is_less_watched(const std::string& ns);
  /// A membership has been written anew, and with it maybe the namespace.
  void mark_again(const std::string& ns);
  /// Redis has been put right: all is marked.
  void connected();

  /// What the members here have been told of members elsewhere: those of them who are away.
  static void know_away(Mirror::Namespace& here, const Fingerprint& peer, bool away);

  // What other nodes write. False: it is malformed.
  bool take_away(const Fields& fields, const std::vector<Fingerprint>& told);
  bool take_update(const Fields& fields, const std::vector<Fingerprint>& told);

 private:
  /// Members on their way in.
  struct Coming {
    unsigned meta = 0;
    unsigned presence = 0;
  };
  void mark(const std::string& ns, Mirror::Namespace& here);
  void run_mark(const std::string& ns, Mirror::Namespace& here, std::string kinds);

  Link& link_;
  Mirror& mirror_;
  const NodeState& state_;
  peer::sdk::BrokerHost& host_;
  std::map<std::string, Coming, std::less<>> coming_;
};

}  // namespace peer_redis
