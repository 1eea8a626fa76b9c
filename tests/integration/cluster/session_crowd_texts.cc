#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "tests/integration/cluster/session_crowd.h"
#include "tests/integration/cluster/session_crowd_client.h"
#include "tests/support/test_peer.h"

// What a node says to one of the crowd.
namespace peer::test {

using std::chrono::milliseconds;

void SessionCrowd::register_anew(Client& client) {
  client.token.clear();
  client.older_token.clear();
  client.unhandled.clear();
  client.received = 0;
  client.handled = 0;
  client.lost = 0;
  client.missing = 0;
  client.joined = false;
  client.comes_back = false;
  if (!options_.has_outages) {
    // Otherwise its numbers go on: what it said before may still be under way.
    ++client.epoch;
    client.sent = {};
    client.heard = {};
  }
  client.state = Client::State::kAnswerDue;
  write(client, message("register", fmt(R"({"public_key":"%","alias":"%","resume":true})",
                                        client.name, client.name)));
}

void SessionCrowd::on_text(Client& client, const std::string& text) {
  const Json got = Json::parse(text);
  const std::string type = got["type"].str();
  if (client.state == Client::State::kAnswerDue) {
    if (type == "registered") return on_registered(client, got);
    if (type == "resumed") return on_resumed(client, got);
    return on_refusal(client, got);
  }
  ++client.received;
  if (type == "signal") {
    const auto from = by_fingerprint_.find(got["from"].str());
    if (from == by_fingerprint_.end()) return fault(client, text);
    const Json& payload = got["payload"];
    take_number(client, from->second, "signal", payload[0].number(), payload[1].number());
  } else if (type == "broadcast") {
    const auto from = by_fingerprint_.find(got["from"].str());
    if (from == by_fingerprint_.end()) return fault(client, text);
    const Json& data = got["payload"]["data"];
    take_number(client, from->second, "broadcast", data[0].number(),
                data[1][static_cast<std::size_t>(place_of(client.number))].number());
  } else if (type == "peer_list") {
    if (!client.joined) ++joined_;
    client.joined = true;
  } else if (type == "pong") {
    // Behind the token that it came with.
    client.older_token.clear();
    // All up to that ping have been handled.
    const long long number = std::stoll(got["id"].str());
    for (; client.handled < number; ++client.handled) client.unhandled.pop_front();
  } else if (options_.has_outages && (type == "ack" || type == "error")) {
    if (!client.joined) {
      client.wants_join = true;
      client.next_message = Clock::now() + milliseconds(100);
    } else if (got["id"].exists()) {
      on_answer(client, got);
    }
  } else if ((type == "peer_left" || type == "error") && !options_.may_lose &&
             !options_.has_outages) {
    fault(client, "has got " + text);
  }
}

void SessionCrowd::take_number(Client& client, int from, const char* kind, long long epoch,
                               long long number) {
  ++totals_.messages;
  Client::Heard& heard = client.heard[static_cast<std::size_t>(place_of(from))];
  if (first_of(from) != first_of(client.number) || epoch < heard.epoch) {
    return fault(client, fmt("has % of epoch % from %", number, epoch, from));
  }
  // One that has registered anew counts from 1.
  if (epoch > heard.epoch) heard = {epoch, {}, heard.any};
  long long& latest = heard.number;
  const bool has_gaps = options_.may_lose || options_.has_outages;
  if (heard.any && has_gaps) latest = std::max(latest, number - 1);
  heard.any = false;
  if (number > latest + 1) {
    client.missing += number - latest - 1;
    if (options_.has_outages) client.gaps.push_back({from, latest + 1, number - 1});
  }
  if (number <= latest || (number > latest + 1 && !has_gaps)) {
    fault(client, fmt("% % follows % from %", kind, number, latest, from));
  }
  latest = number;
}

void SessionCrowd::on_registered(Client& client, const Json& registered) {
  client.token = registered["payload"]["session"]["token"].str();
  client.state = Client::State::kLive;
  client.last_node = client.door.node;
  client.gave_up = false;
  client.node_lives = true;
  client.live_since = Clock::now();
  join(client);
}

void SessionCrowd::join(Client& client) {
  say(client, message("join", fmt(R"({"namespace":"group-%"})", first_of(client.number))));
}

void SessionCrowd::on_resumed(Client& client, const Json& resumed) {
  const Json& payload = resumed["payload"];
  ++totals_.resumes;
  if (client.gave_up) ++totals_.take_overs;
  if (client.door.node != client.last_node) {
    ++(client.node_lives ? totals_.moves : totals_.after_stop);
  }
  client.gave_up = false;
  client.node_lives = true;
  client.last_node = client.door.node;
  client.live_since = Clock::now();
  client.older_token = std::exchange(client.token, payload["session"]["token"].str());
  client.lost += payload["lost"].number();
  totals_.lost += payload["lost"].number();
  if (payload["lost"].number() > 0 && !options_.may_lose && !options_.has_outages) {
    fault(client, "has lost messages");
  }
  client.state = Client::State::kLive;
  const long long processed = payload["processed"].number();
  if (processed < client.handled ||
      processed > client.handled + static_cast<long long>(client.unhandled.size())) {
    return fault(client, fmt("% of its messages processed, after %", processed, client.handled));
  }
  for (; client.handled < processed; ++client.handled) client.unhandled.pop_front();
  for (const std::string& text : client.unhandled) write(client, text);
  totals_.sent_again += static_cast<long long>(client.unhandled.size());
}

void SessionCrowd::on_refusal(Client& client, const Json& refusal) {
  const long long code = refusal["payload"]["code"].number();
  if (code == 503) {
    ++totals_.refused;
    return;  // the close follows
  }
  if (code != 404) return fault(client, "was answered " + refusal.text());
  // The `resume` of a connection that it had given up came later than the one that it got its
  // token by.
  if (!client.older_token.empty()) {
    client.token = std::exchange(client.older_token, std::string());
    write(client,
          message("resume", fmt(R"({"token":"%","received":%})", client.token, client.received)));
    return;
  }
  ++totals_.gone;
  if (options_.has_outages) lose_session(client);
  if (!options_.may_lose && !may_be_gone(client)) fault(client, "its session is gone");
  if (client.joined) --joined_;
  register_anew(client);
}

}  // namespace peer::test
