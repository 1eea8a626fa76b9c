#include <algorithm>
#include <utility>

#include "tests/integration/cluster/session_crowd.h"
#include "tests/integration/cluster/session_crowd_client.h"

// What the crowd makes of messages that never come because what the nodes share was lost: each must
// have been under way just then, and what its sender was told of it is counted.
namespace peer::test {

namespace {

// A message may have been answered just before, and waited for in a queue just behind.
constexpr std::chrono::milliseconds kSlack{1'000};

}  // namespace

void SessionCrowd::begin_outage(bool node_stops) {
  const std::lock_guard lock(mutex_);
  outages_.push_back({Clock::now() - kSlack, Clock::time_point::max(), node_stops});
}

void SessionCrowd::end_outage() {
  const std::lock_guard lock(mutex_);
  outages_.back().end = Clock::now() + kSlack;
}

bool SessionCrowd::was_out(Clock::time_point begin, Clock::time_point end) const {
  return std::any_of(outages_.begin(), outages_.end(), [&](const Outage& outage) {
    return begin <= outage.end && end >= outage.begin;
  });
}

// Wherever its session was since then, it may have been parked, or in the very step of a move
// (docs/resume.md, "On another node"), which begins when its client asks for it.
bool SessionCrowd::may_be_gone(const Client& client) {
  const std::lock_guard lock(mutex_);
  return std::any_of(outages_.begin(), outages_.end(), [&](const Outage& outage) {
    return outage.end >= (outage.node_stops ? client.live_since : client.left);
  });
}

void SessionCrowd::note_said(Client& client, const std::vector<std::size_t>& to,
                             std::string& more) {
  const long long request = ++client.last_request;
  more += fmt(R"(%"id":%)", more.empty() ? "" : ",", request);
  auto& places = client.asked[request];
  for (const std::size_t i : to) {
    places.emplace_back(i, client.said[i].size());
    client.said[i].push_back({Clock::now()});
  }
}

void SessionCrowd::on_answer(Client& client, const Json& answer) {
  const Json& payload = answer["payload"];
  const bool is_error = answer["type"].str() == "error";
  note_answer(client, answer["id"].number(), is_error || payload["dropped"].number() > 0,
              is_error ? 0 : payload["delivered"].number());
}

void SessionCrowd::note_answer(Client& client, long long request, bool told, long long delivered) {
  const auto asked = client.asked.find(request);
  if (asked == client.asked.end()) return;
  for (const auto& [to, place] : asked->second) {
    Client::Said& said = client.said[to][place];
    said.answered = Clock::now();
    said.told = told;
    said.local = delivered < static_cast<long long>(asked->second.size());
  }
  client.asked.erase(asked);
}

// Its client knows that what was not answered may not have been handled.
void SessionCrowd::lose_session(Client& client) {
  while (!client.asked.empty()) note_answer(client, client.asked.begin()->first, true, 0);
  for (Client::Heard& heard : client.heard) heard.any = true;
}

void SessionCrowd::judge_losses() {
  for (const auto& client : clients_) {
    const auto self = static_cast<std::size_t>(place_of(client->number));
    const int first = first_of(client->number);
    for (int i = 0; i < kGroup; ++i) {
      // Not even the last word has come.
      const Client::Heard& heard = client->heard[static_cast<std::size_t>(i)];
      const long long sent = clients_[static_cast<std::size_t>(first + i)]->sent[self];
      if (first + i == client->number || heard.any || sent == heard.number) continue;
      client->gaps.push_back({first + i, heard.number + 1, sent});
    }
    for (const Client::Gap& gap : client->gaps) {
      const Client& from = *clients_[static_cast<std::size_t>(gap.from)];
      for (long long number = gap.first; number <= gap.last; ++number) {
        const Client::Said& said = from.said[self][static_cast<std::size_t>(number - 1)];
        ++totals_.missing;
        ++(said.told ? totals_.told_lost : said.local ? totals_.local : totals_.in_flight);
        if (!said.told && !was_out(said.at, said.answered)) {
          fault(*client, fmt("misses message % of %, which nothing explains", number, gap.from));
        }
      }
    }
  }
}

}  // namespace peer::test
