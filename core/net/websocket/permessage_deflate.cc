#include "core/net/websocket/permessage_deflate.h"

#include <algorithm>

#include "core/net/websocket/deflate.h"

namespace peer {
namespace {

/// 8 to 15 in decimal digits without a leading zero (RFC 7692 7.1.2); else 0.
std::uint8_t window_bits(const std::string& text) {
  constexpr std::uint8_t kSmallest = 8;
  for (std::uint8_t bits = kSmallest; bits <= kMaxWindowBits; ++bits) {
    if (text == std::to_string(bits)) return bits;
  }
  return 0;
}

bool is_doubled(const ExtensionOffer& offer, const ExtensionParameter& parameter) {
  return std::count_if(
             offer.parameters.begin(), offer.parameters.end(),
             [&](const ExtensionParameter& other) { return other.name == parameter.name; }) > 1;
}

std::optional<DeflateAgreement> accept(const ExtensionOffer& offer) {
  if (offer.name != "permessage-deflate") return std::nullopt;
  DeflateAgreement agreement;
  agreement.header = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
  for (const ExtensionParameter& parameter : offer.parameters) {
    if (is_doubled(offer, parameter)) return std::nullopt;
    const std::optional<std::string>& value = parameter.value;
    if (parameter.name == "server_max_window_bits") {
      const std::uint8_t bits = value ? window_bits(*value) : std::uint8_t{0};
      if (bits < kMinWindowBits) return std::nullopt;
      agreement.window_bits = bits;
      agreement.header += "; server_max_window_bits=" + std::to_string(bits);
    } else if (parameter.name == "client_max_window_bits") {
      // A hint: any window of the client's can be inflated, so there is nothing to ask for.
      if (value && window_bits(*value) == 0) return std::nullopt;
    } else if (parameter.name == "server_no_context_takeover" ||
               parameter.name == "client_no_context_takeover") {
      if (value) return std::nullopt;
    } else {
      return std::nullopt;
    }
  }
  return agreement;
}

}  // namespace

std::optional<DeflateAgreement> agree_on_deflate(const std::vector<ExtensionOffer>& offers) {
  for (const ExtensionOffer& offer : offers) {
    if (std::optional<DeflateAgreement> agreement = accept(offer)) return agreement;
  }
  return std::nullopt;
}

}  // namespace peer
