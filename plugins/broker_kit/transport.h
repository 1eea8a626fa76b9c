#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <peer/sdk/broker_types.h>

#include "plugins/broker_kit/directed.h"

namespace peer_broker_kit {

class Router;

/// What came of something that the router gave to the transport.
struct Answer {
  enum class Fate {
    kDone,
    kRefused,   ///< it did not begin; the transport gives up, and it may be done again later
    kError,     ///< it failed, and nobody knows how far it got
    kNoAnswer,  ///< there is too much under way, or the transport has failed
  };
  enum class Verdict {
    kSent,       ///< to `node`, which has the target
    kAbsent,     ///< `node` has the target, and listens to nobody at the moment
    kNowhere,    ///< nobody has it
    kStrangers,  ///< nodes of another kind may have it
    kUnsettled,  ///< nobody knows yet: it went to all nodes
  };
  Fate fate = Fate::kNoAnswer;
  std::int64_t listeners = 0;           ///< of publish()
  Verdict verdict = Verdict::kNowhere;  ///< of find()
  std::string_view node;
};

/// What the router goes on with when an answer comes. It is a plain value, so that a transport
/// keeps it in one allocation.
struct Errand {
  Router* router = nullptr;
  void (Router::*then)(const Errand&, const Answer&) = nullptr;
  peer::sdk::Fingerprint peer{};
  std::uint64_t number = 0;
  std::shared_ptr<const std::string> node;
  std::shared_ptr<Directed> message;

  void take(const Answer& answer) const { (router->*then)(*this, answer); }
};

/// How envelopes of directed messages get to other nodes: what a broker brings along for Router.
/// What is given to it keeps its order, whatever method takes it. Answers come later or at once, in
/// that order too, on the loop's thread.
class Transport {
 public:
  virtual ~Transport() = default;

  /// It is about to fail: nothing more is sent, and what is under way is answered yet.
  [[nodiscard]] virtual bool is_giving_up() const = 0;
  /// To a node, which may listen to nobody: Answer::listeners.
  virtual void publish(std::string_view node, std::string_view envelope, Errand errand) = 0;
  /// To a node; nobody asks what comes of it.
  virtual void tell(std::string_view node, std::string_view envelope) = 0;
  /// Looks up which node has the peer, and passes the envelope on in the same step.
  /// `patient`: wants to hear kAbsent.
  virtual void find(const peer::sdk::Fingerprint& peer, std::string_view envelope, bool patient,
                    Errand errand) = 0;

  /// Nodes of another kind, with which only some brokers share a channel.
  [[nodiscard]] virtual bool has_strangers() const = 0;
  /// An answer has said kStrangers: there are some, whatever was known before.
  virtual void heard_of_strangers() = 0;
  /// `routed`: it goes to our nodes otherwise, and is counted there.
  virtual void publish_to_strangers(const Directed& message, bool routed) = 0;
};

}  // namespace peer_broker_kit
