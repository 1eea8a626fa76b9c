#include "tools/peer-bench/churn_load.h"

#include "tools/peer-bench/peer_load.h"

// Connections that come and go, on the thread of the loop. In: events of the ClientLoop. Out:
// units, from connect to the server's close frame, and faults. A key is used once: registering it
// again would be a replacement, which costs something else.
namespace peer::bench {

ChurnLoad::ChurnLoad(const Options& options, Faults& faults)
    : faults_(faults),
      run_(make_run_name()),
      lives_(options.peers),
      loop_(make_target(options), *this) {
  loop_.add_clients(options.peers);
  for (std::size_t i = 0; i < loop_.size(); ++i) ended_.push_back(&loop_.client(i));
}

void ChurnLoad::resume() {
  running_ = true;
  for (Client* client : ended_) begin(*client);
  ended_.clear();
}

void ChurnLoad::begin(Client& client) {
  lives_[client.index] = {Clock::now(), false};
  ++in_flight_;
  loop_.connect(client);
}

void ChurnLoad::step_within(std::chrono::milliseconds longest) {
  loop_.step(longest);
  if (running_) resume();
}

void ChurnLoad::on_open(Client& client) {
  loop_.send_text(client, {R"({"type":"register","payload":{"public_key":")", run_, "-",
                           std::to_string(next_key_++), R"("}})"});
}

void ChurnLoad::on_message(Client& client, std::string_view text) {
  Life& life = lives_[client.index];
  const ServerMessage message = read_message(text);
  if (message.kind == MessageKind::kRegistered && !life.registered) {
    life.registered = true;
    loop_.send_close(client);
  } else {
    const bool refused = message.kind == MessageKind::kError;
    faults_.add(refused ? Fault::kErrorReply : Fault::kUnexpected, text.substr(0, 200));
  }
}

void ChurnLoad::on_closed(Client& client, std::string_view why) {
  --in_flight_;
  // Not connected here: on_closed() forbids it until the round is over.
  ended_.push_back(&client);
  const Life& life = lives_[client.index];
  // RFC 6455 5.5.1: the answer usually has the code that it got; an empty one is legal, too.
  const bool proper = why.starts_with("1000") || why == "close frame without a code";
  if (life.registered && proper) {
    count_unit(loop_.now() - life.began);
  } else {
    faults_.add(Fault::kDisconnected, why);
  }
}

void ChurnLoad::finish() {
  faults_.add(Fault::kLost, "connections that hang between connect and close", in_flight_);
}

}  // namespace peer::bench
