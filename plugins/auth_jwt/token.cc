#include "token.h"

#include "base64.h"

namespace peer_jwt {
namespace {

using peer_keys::decode_base64url;

constexpr const char* kMalformed = "malformed token";

std::optional<std::string> read_header(const simdjson::dom::object& header, Token& out) {
  // RFC 7515 4.1.11: what is critical must be understood, and no extension is.
  if (peer_keys::member(header, "crit")) return "token: crit is not supported";
  const auto alg = peer_keys::text_member(header, "alg");
  const auto algorithm = alg ? peer_keys::algorithm_of(*alg) : std::nullopt;
  if (!algorithm) return "token: alg is not supported";
  out.algorithm = *algorithm;
  out.kid.reset();
  const auto kid = peer_keys::member(header, "kid");
  if (!kid) return std::nullopt;
  const auto text = peer_keys::text_of(*kid);
  if (!text || text->size() > kMaxKid) return "token: kid must be a string of at most 256 bytes";
  out.kid = std::string(*text);
  return std::nullopt;
}

}  // namespace

std::optional<std::string> parse_token(std::string_view text, peer_keys::ObjectParser& parser,
                                       Token& out) {
  // Three parts, with a dot between them; a JWE has five.
  const std::size_t first = text.find('.');
  const std::size_t last = first == text.npos ? text.npos : text.find('.', first + 1);
  if (last == text.npos || text.find('.', last + 1) != text.npos) return kMalformed;
  const std::string_view claims = text.substr(first + 1, last - first - 1);

  const auto header_text = decode_base64url(text.substr(0, first));
  auto claims_text = decode_base64url(claims);
  auto signature = decode_base64url(text.substr(last + 1));
  if (!header_text || !claims_text || !signature || signature->empty()) return kMalformed;
  const auto header = parser.parse(*header_text);
  if (!header) return kMalformed;
  // The signature covers the text as it was sent, not what it decodes to.
  out.signed_part = text.substr(0, last);
  out.claims = std::move(*claims_text);
  out.signature = std::move(*signature);
  return read_header(*header, out);
}

}  // namespace peer_jwt
