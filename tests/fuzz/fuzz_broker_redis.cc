#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "client_text.h"
#include "core/protocol/json_text.h"
#include "guide_messages.h"
#include "kit.h"
#include "redis_url.h"
#include "resp.h"

// Any bytes as what comes from Redis: a reply, a node's envelope, a message of the original,
// where else Redis is.

namespace {

using namespace peer_redis;

void require(bool holds) {
  if (!holds) std::abort();
}

void read_envelope(std::string_view bytes) {
  const auto fields = unpack(bytes);
  if (!fields) return;
  require(fields->size() <= peer_broker_kit::kMaxFields);
  if (const auto head = read_head(*fields)) require((*fields)[0].size() <= 2 && head->kind >= 'A');
  if (const auto message = read_directed(*fields)) {
    const std::string passed_on = peer_broker_kit::passed_on(*message);
    const auto again = unpack(passed_on);
    require(again && read_directed(*again) && read_directed(*again)->to == message->to);
  }
  std::string packed;
  for (const std::string_view field : *fields) {
    append_field(packed, field);
    if (const auto fingerprint = from_hex(field)) require(to_hex(*fingerprint) == field);
  }
  const auto again = unpack(packed);
  require(again && *again == *fields);
}

/// What clients get of it is JSON, and so is what we would publish of that.
void read_guide_message(std::string_view bytes) {
  const auto message = parse_guide_message(bytes);
  if (!message) return;
  const std::string text = message->client_text();
  if (!message->is_checked && !peer::is_valid_json(text)) return;  // the core drops it
  require(peer::is_valid_json(text));
  require(is_client_text(text));
  std::vector<std::string_view> namespaces;
  if (message->namespaces) {
    namespaces.assign(message->namespaces->begin(), message->namespaces->end());
  }
  const auto again = parse_guide_message(render_guide_message(
      text, message->node_id, message->db.value_or(0), namespaces, message->routed));
  require(again && again->client_text() == text && again->to == message->to);
}

std::size_t read_reply(const Reply& reply) {
  std::size_t sum = reply.text().size() + static_cast<std::size_t>(reply.integer() & 1);
  for (std::size_t i = 0; i < reply.size(); ++i) sum += read_reply(reply[i]);
  return sum + reply[reply.size()].size();
}

void read_replies(std::string_view bytes) {
  ReplyReader reader;
  const std::size_t half = bytes.size() / 2;
  for (const std::string_view part : {bytes.substr(0, half), bytes.substr(half)}) {
    if (!reader.feed(part)) return;
    while (const ReplyReader::Owned reply = reader.next()) read_reply(Reply(reply.get()));
  }
}

/// An address, and where Redis and Sentinel say that Redis is: what they lead to is an address.
void read_whereabouts(std::string_view bytes) {
  const auto is_address = [](const Endpoint& endpoint) {
    const auto again = parse_redis_url(to_text(endpoint));
    return !endpoint.path.empty() || (again && again->endpoint == endpoint);
  };
  const auto urls = parse_redis_urls(bytes);
  require(urls.size() <= 64);
  for (const RedisUrl& url : urls) require(is_address(url.endpoint));
  if (const auto there = parse_moved(bytes, "host")) require(is_address(*there));
  if (const auto there = parse_switch(bytes, "m")) require(is_address(*there));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  read_envelope(bytes);
  read_guide_message(bytes);
  read_replies(bytes);
  read_whereabouts(bytes);
  return 0;
}
