// A head that is accepted ends where find_head_end() said, and holds nothing that could break out
// of a line; the answer to it is one well-formed head.

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/origin.h"
#include "core/net/http/client_address.h"
#include "core/net/http/http_request.h"
#include "core/net/websocket/permessage_deflate.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7F);
  });
}

void check_request(std::string_view head, const peer::HttpRequest& request) {
  require(peer::find_head_end(head) == head.size());
  require(!request.method.empty() && is_printable(request.method));
  require(request.path.front() == '/' && is_printable(request.path));
  require(is_printable(request.query));
  require(request.headers.size() <= peer::kMaxHeaders);
  for (const auto& [name, value] : request.headers) {
    require(!name.empty() && is_printable(name) && is_printable(value));
    require(head.find(value) != std::string_view::npos);
  }
}

peer::HttpHeaders extensions_for(const std::vector<peer::ExtensionOffer>& offers) {
  const auto agreement = peer::agree_on_deflate(offers);
  if (!agreement) return {};
  require(agreement->window_bits >= 9 && agreement->window_bits <= 15);
  return {{"Sec-WebSocket-Extensions", agreement->header}};
}

// Who is behind the request is the sender, or an address that the head holds.
void check_client(std::string_view head, const peer::HttpRequest& request) {
  static const peer::ProxyTrust trust{{*peer::parse_address_range("::/0")},
                                      peer::ProxyHeader::kAuto};
  const peer::Address sender = *peer::parse_address("192.0.2.1");
  const peer::Address client =
      peer::client_of_proxy(trust, sender, std::nullopt, request).client.address;
  require(client == sender || head.find(client.is_v4() ? '.' : ':') != std::string_view::npos);
}

// As Connection::answer_upgrade() decides. A 101 is one head, and nothing behind it.
void check_answer(const peer::HttpRequest& request) {
  const peer::UpgradeAnswer answer = peer::check_upgrade(request);
  const auto offers = peer::read_extension_offers(request);
  if (answer.status == 101 && offers) {
    std::string text;
    peer::append_switching_protocols(text, answer.accept_key, extensions_for(*offers));
    require(peer::find_head_end(text) == text.size());
  } else {
    const int status = answer.status == 101 ? 400 : answer.status;
    require(peer::find_head_end(peer::render_response(peer::error_response(status))) != 0);
  }
}

// An Origin that is let in names a host of ours, whatever surrounds it.
void check_origin(const peer::HttpRequest& request) {
  static const peer::OriginPattern pattern = *peer::parse_origin_pattern("https://*.example.com");
  for (std::string origin : request.all("Origin")) {
    std::transform(origin.begin(), origin.end(), origin.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    require(!pattern.matches(origin) ||
            (origin.starts_with("https://") && origin.ends_with(".example.com")));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string_view head = input.substr(0, peer::find_head_end(input));
  if (const auto request = peer::parse_head(head)) {
    check_request(head, *request);
    check_client(head, *request);
    check_answer(*request);
    check_origin(*request);
  }
  static_cast<void>(peer::parse_head(input));
  // A head that is read may begin as it does.
  require(!peer::parse_head(head) || peer::may_begin_head(head));
  return 0;
}
