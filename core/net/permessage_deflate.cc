#include "core/net/permessage_deflate.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "core/net/deflate.h"

namespace peer {
namespace {

struct Parameter {
  std::string name;
  std::optional<std::string> value;
};

struct Offer {
  std::string name;
  std::vector<Parameter> parameters;
};

/// Reads the value of a Sec-WebSocket-Extensions header (RFC 6455 9.1) from left to right.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool at_end() {
    skip_space();
    return rest_.empty();
  }
  bool take(char c) {
    skip_space();
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::optional<std::string> token() {
    skip_space();
    constexpr std::string_view kBytes =
        "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    const std::size_t end = std::min(rest_.find_first_not_of(kBytes), rest_.size());
    if (end == 0) return std::nullopt;
    std::string text(rest_.substr(0, end));
    rest_.remove_prefix(end);
    return text;
  }
  /// A token, or the same in quotes.
  std::optional<std::string> value() {
    if (!take('"')) return token();
    std::string text;
    while (!rest_.empty() && rest_.front() != '"') {
      if (rest_.front() == '\\') rest_.remove_prefix(1);
      if (rest_.empty()) return std::nullopt;
      text += rest_.front();
      rest_.remove_prefix(1);
    }
    if (!take('"')) return std::nullopt;
    return text;
  }

 private:
  void skip_space() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size())); }

  std::string_view rest_;
};

bool read_parameters(Scanner& scanner, Offer& offer) {
  while (scanner.take(';')) {
    std::optional<std::string> name = scanner.token();
    if (!name) return false;
    Parameter parameter{std::move(*name), std::nullopt};
    if (scanner.take('=')) {
      parameter.value = scanner.value();
      if (!parameter.value) return false;
    }
    offer.parameters.push_back(std::move(parameter));
  }
  return true;
}

/// Appends the offers of one header; false when it breaks the grammar. Empty elements of the list
/// are ignored (RFC 9110 5.6.1).
bool read_offers(std::string_view header, std::vector<Offer>& offers) {
  Scanner scanner(header);
  while (!scanner.at_end()) {
    if (scanner.take(',')) continue;
    std::optional<std::string> name = scanner.token();
    if (!name) return false;
    Offer offer{std::move(*name), {}};
    if (!read_parameters(scanner, offer)) return false;
    if (!scanner.at_end() && !scanner.take(',')) return false;
    offers.push_back(std::move(offer));
  }
  return true;
}

/// 8 to 15 in decimal digits without a leading zero (RFC 7692 7.1.2); else 0.
std::uint8_t window_bits(const std::string& text) {
  constexpr std::uint8_t kSmallest = 8;
  for (std::uint8_t bits = kSmallest; bits <= kMaxWindowBits; ++bits) {
    if (text == std::to_string(bits)) return bits;
  }
  return 0;
}

bool is_doubled(const Offer& offer, const Parameter& parameter) {
  return std::count_if(offer.parameters.begin(), offer.parameters.end(),
                       [&](const Parameter& other) { return other.name == parameter.name; }) > 1;
}

std::optional<DeflateAgreement> accept(const Offer& offer) {
  if (offer.name != "permessage-deflate") return std::nullopt;
  DeflateAgreement agreement;
  agreement.header = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
  for (const Parameter& parameter : offer.parameters) {
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

std::optional<DeflateAgreement> negotiate_deflate(const HttpRequest& request) {
  std::vector<Offer> offers;
  for (const std::string& header : request.all("Sec-WebSocket-Extensions")) {
    if (!read_offers(header, offers)) return std::nullopt;
  }
  for (const Offer& offer : offers) {
    if (std::optional<DeflateAgreement> agreement = accept(offer)) return agreement;
  }
  return std::nullopt;
}

}  // namespace peer
