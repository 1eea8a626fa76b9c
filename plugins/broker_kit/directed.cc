#include "plugins/broker_kit/directed.h"

namespace peer_broker_kit {

using peer::sdk::RouteOutcome;

std::string directed_envelope(std::string_view origin, std::uint64_t number, bool by_known_route,
                              const Directed& message) {
  // The letters are in envelope.h, under S.
  constexpr std::string_view kFlags[] = {"", "c", "w", "wc"};
  std::string out;
  out.reserve(message.text.size() + message.namespaces.size() + 256);
  append_head(out, 'S');
  append_field(out, origin);
  append_field(out, std::to_string(number));
  append_field(out, kFlags[(message.wants_outcome ? 2 : 0) + (by_known_route ? 1 : 0)]);
  append_hex_field(out, message.from);
  append_hex_field(out, message.to);
  append_field(out, message.namespaces);
  append_field(out, message.text);
  return out;
}

std::string passed_on(const DirectedEnvelope& message) {
  return envelope('S',
                  {message.origin, message.number, message.wants_outcome ? "wq" : "q",
                   to_hex(message.from), to_hex(message.to), message.namespaces, message.text});
}

std::optional<DirectedEnvelope> read_directed(const Fields& fields) {
  if (fields.size() < 8 || fields[1].size() > 64 || fields[2].size() > 20) return std::nullopt;
  const auto from = from_hex(fields[4]);
  const auto to = from_hex(fields[5]);
  if (!from || !to) return std::nullopt;
  const auto has = [flags = fields[3]](char flag) {
    return flags.find(flag) != std::string_view::npos;
  };
  return DirectedEnvelope{fields[1], fields[2], *from,    *to,     fields[6],
                          fields[7], has('w'),  has('c'), has('q')};
}

std::string_view outcome_code(RouteOutcome outcome) {
  switch (outcome) {
    case RouteOutcome::kDelivered:
      return "delivered";
    case RouteOutcome::kDropped:
      return "dropped";
    case RouteOutcome::kNotFound:
      return "not_found";
    case RouteOutcome::kForbidden:
      return "forbidden";
    case RouteOutcome::kUnavailable:
      break;
  }
  return "unavailable";
}

std::optional<RouteOutcome> read_outcome(std::string_view code) {
  for (const RouteOutcome outcome : {RouteOutcome::kDelivered, RouteOutcome::kDropped,
                                     RouteOutcome::kNotFound, RouteOutcome::kForbidden}) {
    if (code == outcome_code(outcome)) return outcome;
  }
  return std::nullopt;
}

}  // namespace peer_broker_kit
