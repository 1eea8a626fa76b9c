#include <Poco/Net/HTTPResponse.h>
#include <Poco/Timestamp.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <sstream>

#include "core/base/digest.h"
#include "core/net/http/http_request.h"

// The answers of the server by HTTP. In: a request for an upgrade; a status with its words; an
// HttpResponse. Out: the judgement of the upgrade (RFC 6455 4.2), and whole responses as text,
// ready for the socket. No state, any thread. POCO writes the heads, but for that of an upgrade. No
// header and no body here may hold a client's text.
namespace peer {
namespace {

constexpr std::string_view kWebSocketVersion = "13";

bool is_base64_digit(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
         c == '/';
}

constexpr std::size_t kKeySize = 24;

/// 16 bytes in base64: 22 digits and the padding (RFC 6455 4.1).
bool is_valid_key(std::string_view key) {
  constexpr std::size_t kDigits = 22;
  return key.size() == kKeySize && key.ends_with("==") &&
         std::all_of(key.begin(), key.begin() + kDigits, is_base64_digit);
}

/// RFC 6455 4.2.2: base64(SHA-1(key + GUID)), of a valid key.
AcceptKey accept_key_of(std::string_view key) {
  constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<char, kKeySize + kGuid.size()> text;
  std::copy(kGuid.begin(), kGuid.end(), std::copy_n(key.begin(), kKeySize, text.begin()));
  const std::array digest = sha1_of({text.data(), text.size()});
  AcceptKey encoded;
  std::array<unsigned char, encoded.size() + 1> terminated;
  EVP_EncodeBlock(terminated.data(), digest.data(), int{kSha1Size});
  std::copy_n(terminated.begin(), encoded.size(), encoded.begin());
  return encoded;
}

}  // namespace

UpgradeAnswer check_upgrade(const HttpRequest& request) {
  if (request.method != "GET") return {400, "a WebSocket is asked for with GET", {}};
  if (!request.http_1_1) {
    return {400, "HTTP/1.0 cannot upgrade: does the proxy speak HTTP/1.1 to this server?", {}};
  }
  if (request.only("Host") == nullptr) return {400, "no Host header", {}};
  if (!request.has_token("Upgrade", "websocket")) {
    return {400, "no Upgrade header: does the proxy pass WebSockets?", {}};
  }
  if (!request.has_token("Connection", "upgrade")) {
    return {400, "no 'Connection: Upgrade' header: does the proxy pass WebSockets?", {}};
  }
  // 426 is only for what is a WebSocket handshake in all other respects.
  const std::string* version = request.only("Sec-WebSocket-Version");
  if (version == nullptr || *version != kWebSocketVersion) {
    return {426, "Sec-WebSocket-Version must be 13", {}};
  }
  const std::string* key = request.only("Sec-WebSocket-Key");
  if (key == nullptr || !is_valid_key(*key)) {
    return {400, "no valid Sec-WebSocket-Key", {}};
  }
  return {101, {}, accept_key_of(*key)};
}

std::string render_response(const HttpResponse& response) {
  using Poco::Net::HTTPResponse;
  HTTPResponse head(HTTPResponse::HTTP_1_1, static_cast<HTTPResponse::HTTPStatus>(response.status));
  head.setDate(Poco::Timestamp());
  // Their answers end with the head (RFC 9110, 6.4.1), and the first has no length either (8.6).
  const bool has_content = response.status != HTTPResponse::HTTP_NO_CONTENT &&
                           response.status != HTTPResponse::HTTP_NOT_MODIFIED;
  if (response.status != HTTPResponse::HTTP_NO_CONTENT) {
    head.setContentType(response.content_type);
    head.setContentLength64(static_cast<Poco::Int64>(response.body.size()));
  }
  head.setKeepAlive(response.keep_alive);
  for (const auto& [name, value] : response.extra) head.add(name, value);
  std::ostringstream out;
  head.write(out);
  std::string text = std::move(out).str();
  if (has_content && !response.head_only) text += response.body;
  return text;
}

HttpResponse error_response(int status, std::string_view message) {
  using Poco::Net::HTTPResponse;
  std::string phrase =
      HTTPResponse::getReasonForStatus(static_cast<HTTPResponse::HTTPStatus>(status));
  std::transform(phrase.begin(), phrase.end(), phrase.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (message.empty()) message = phrase;
  HttpResponse response;
  response.status = status;
  response.body = R"({"error":{"code":)" + std::to_string(status) + R"(,"message":")" +
                  std::string(message) + R"("}})";
  if (status == HTTPResponse::HTTP_UPGRADE_REQUIRED) {
    response.extra = {
        {"Connection", "Upgrade"}, {"Upgrade", "websocket"}, {"Sec-WebSocket-Version", "13"}};
  }
  return response;
}

}  // namespace peer
