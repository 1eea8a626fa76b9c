#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <peer/sdk/broker.h>

#include "copies.h"
#include "kit.h"
#include "link.h"

namespace peer_redis {

/// Tickets of this node's peers, and those of all nodes in the namespaces that this node matches.
/// Tickets are shared; the node that is chosen for a namespace makes its matches, and a claim takes
/// all tickets of a match or none. While Redis is away each node matches its own peers.
/// Loop thread only.
class TicketBoard {
 public:
  using SharedTicket = peer::sdk::SharedTicket;
  using TicketId = peer::sdk::TicketId;

  TicketBoard(Link& link, Copies& copies, const ClusterView& view, const NodeState& state,
              peer::sdk::BrokerHost& host)
      : link_(link), copies_(copies), view_(view), state_(state), host_(host) {}

  // What the core asks for.
  void add(const std::string& ns, const SharedTicket& ticket, std::optional<TicketId> replaces);
  /// `word`: of the core, for the core of the ticket's node; may be empty.
  void say_waiting(const std::string& ns, TicketId ticket, const std::string& word);
  void remove(const std::string& ns, TicketId ticket, const ReplyTo<peer::sdk::TicketEnd>& reply);
  void claim(const std::string& ns, const std::string& session, const std::string& teams,
             const std::vector<TicketId>& tickets, const ReplyTo<peer::sdk::ClaimOutcome>& reply);

  // What other nodes write. False: it is malformed.
  bool take_ticket(const Fields& fields);
  bool take_end(const Fields& fields);
  bool take_waiting(const Fields& fields);
  bool take_hint(const Fields& fields);
  bool take_matched(const Fields& fields);

  /// Redis has written the peer anew, which ended its tickets.
  void share_tickets_of(const Fingerprint& peer);
  /// This node is connected (again).
  void share_all();
  /// This node is on its own.
  void match_alone();
  /// Who matches what may have changed: the next beat says which namespaces have tickets.
  void matching_is_due() { matching_due_ = true; }
  [[nodiscard]] bool is_matching_due() const { return matching_due_; }
  /// A beat has said so, while this node is connected.
  void take_namespaces(const std::vector<std::string>& with_tickets);

 private:
  /// A ticket as Redis has it, with the node of its peer.
  struct Entry {
    std::string node;
    SharedTicket ticket;
  };

  /// Nullopt: it is malformed, and is left out.
  static std::optional<Entry> read_entry(std::string_view id, std::string_view entry);
  /// Writes a ticket of this node's peer to Redis, which tells the node that matches the namespace.
  void share(const std::string& ns, const SharedTicket& ticket, std::optional<TicketId> replaces,
             Link::Kind kind);
  /// Has the node that matches the namespace read its tickets.
  void tell_matcher(std::string_view ns);
  /// Reads all tickets of a namespace that this node matches, page by page.
  void fetch(const std::string& ns);
  void fetch_page(const std::string& ns, const std::string& cursor,
                  std::shared_ptr<std::vector<Entry>> found);
  void take_fetched(const std::string& ns, std::vector<Entry>& found);
  /// A ticket of this node's peer has ended.
  void forget(std::string_view ns, TicketId ticket);
  [[nodiscard]] bool has(std::string_view ns, TicketId ticket) const;
  /// A ticket that this node matches has ended.
  void stop_matching(std::string_view ns, TicketId ticket);

  Link& link_;
  Copies& copies_;
  const ClusterView& view_;
  const NodeState& state_;
  peer::sdk::BrokerHost& host_;

  using Tickets = std::map<TicketId, SharedTicket>;
  std::map<std::string, Tickets, std::less<>> tickets_;  ///< of this node's peers
  /// Namespaces that this node matches, and which node has each of their tickets: namespaces
  /// without are left out.
  using TicketNodes = std::map<TicketId, std::string>;
  std::map<std::string, TicketNodes, std::less<>> matching_;
  bool matching_due_ = false;
};

}  // namespace peer_redis
