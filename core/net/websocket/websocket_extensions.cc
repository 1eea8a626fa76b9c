#include "core/net/websocket/websocket_extensions.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "core/net/http/field_text.h"

namespace peer {
namespace {

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
    const std::size_t end = token_length(rest_);
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
    if (!take('"') || !is_token(text)) return std::nullopt;
    return text;
  }

 private:
  void skip_space() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size())); }

  std::string_view rest_;
};

bool read_parameters(Scanner& scanner, ExtensionOffer& offer) {
  while (scanner.take(';')) {
    std::optional<std::string> name = scanner.token();
    if (!name) return false;
    ExtensionParameter parameter{std::move(*name), std::nullopt};
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
bool read_offers(std::string_view header, std::vector<ExtensionOffer>& offers) {
  Scanner scanner(header);
  while (!scanner.at_end()) {
    if (scanner.take(',')) continue;
    std::optional<std::string> name = scanner.token();
    if (!name) return false;
    ExtensionOffer offer{std::move(*name), {}};
    if (!read_parameters(scanner, offer)) return false;
    if (!scanner.at_end() && !scanner.take(',')) return false;
    offers.push_back(std::move(offer));
  }
  return true;
}

}  // namespace

std::optional<std::vector<ExtensionOffer>> read_extension_offers(const HttpRequest& request) {
  std::vector<ExtensionOffer> offers;
  const std::vector<std::string> headers = request.all("Sec-WebSocket-Extensions");
  for (const std::string& header : headers) {
    if (!read_offers(header, offers)) return std::nullopt;
  }
  if (offers.empty() && !headers.empty()) return std::nullopt;
  return offers;
}

}  // namespace peer
