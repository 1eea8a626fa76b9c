#include "core/admin/admin_call.h"

#include <charconv>
#include <utility>

#include "core/base/fingerprint.h"
#include "core/base/log.h"
#include "core/base/utf8.h"

// What every request of the Server API needs: its target decoded, its token looked up, an answer
// with the headers that all answers have. On the loop of the API.
namespace peer {
namespace {

std::string render_answer(HttpResponse response, bool keep_alive, bool head_only,
                          HttpHeaders extra) {
  response.extra.emplace_back("Cache-Control", "no-store");
  response.extra.emplace_back("X-Content-Type-Options", "nosniff");
  for (auto& header : extra) response.extra.push_back(std::move(header));
  response.keep_alive = keep_alive;
  response.head_only = head_only;
  return render_response(response);
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// RFC 3986 2.1; in a query `+` is a space, as browsers write it.
std::optional<std::string> decode(std::string_view text, bool is_query) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && is_query) {
      out.push_back(' ');
    } else if (text[i] != '%') {
      out.push_back(text[i]);
    } else {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0 || high + low == 0) return std::nullopt;
      out.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    }
  }
  if (!is_valid_utf8(out)) return std::nullopt;
  return out;
}

/// Calls `take(part)` for each part between separators, empty ones too; false as soon as it returns
/// false.
template <typename Take>
bool split(std::string_view text, char separator, Take take) {
  while (true) {
    const std::size_t end = std::min(text.find(separator), text.size());
    if (!take(text.substr(0, end))) return false;
    if (end == text.size()) return true;
    text.remove_prefix(end + 1);
  }
}

// By their hashes, which are of one length: how long it takes tells nothing of a token.
bool is_same(const Fingerprint& a, const Fingerprint& b) {
  unsigned differences = 0;
  for (std::size_t i = 0; i < a.bytes.size(); ++i) {
    differences |= static_cast<unsigned>(a.bytes[i]) ^ static_cast<unsigned>(b.bytes[i]);
  }
  return differences == 0;
}

std::optional<std::string_view> bearer_of(const HttpRequest& request) {
  constexpr std::string_view kScheme = "bearer ";
  if (request.count("Authorization") != 1) return std::nullopt;
  const std::string_view value = *request.find("Authorization");
  if (value.size() <= kScheme.size()) return std::nullopt;
  for (std::size_t i = 0; i < kScheme.size(); ++i) {
    const char c = value[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c) != kScheme[i]) return std::nullopt;
  }
  return value.substr(kScheme.size());
}

}  // namespace

void AdminCall::note(int status) const {
  ApiCounts& counts = *node.api_counts;
  counts.note_answer(status);
  counts.duration.observe(std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - began));
}

void AdminCall::answer(int status, std::string body, HttpHeaders extra) const {
  note(status);
  HttpResponse response;
  response.status = status;
  response.body = std::move(body);
  loop.answer(to, render_answer(std::move(response), keep_alive, head_only, std::move(extra)),
              keep_alive);
}

void AdminCall::refuse(int status, std::string_view message, HttpHeaders extra) const {
  note(status);
  loop.answer(to, admin_refusal(status, message, keep_alive, head_only, std::move(extra)),
              keep_alive);
}

void AdminCall::log_change(const std::string& what, const std::string& on) const {
  peer::log_change("server API: " + what, who, on);
}

std::string admin_refusal(int status, std::string_view message, bool keep_alive, bool head_only,
                          HttpHeaders extra) {
  return render_answer(error_response(status, message), keep_alive, head_only, std::move(extra));
}

std::optional<AdminTarget> parse_target(const HttpRequest& request) {
  AdminTarget target;
  std::string_view path = request.path;
  if (path.starts_with('/')) path.remove_prefix(1);
  // An empty part is one, too: who forgets a name in "/v1/peers/<name>" does not mean all peers.
  const bool path_is_sound = split(path, '/', [&](std::string_view part) {
    auto decoded = decode(part, false);
    if (decoded) target.path.push_back(std::move(*decoded));
    return decoded.has_value();
  });
  const bool query_is_sound = split(request.query, '&', [&](std::string_view part) {
    if (part.empty()) return true;
    const std::size_t equals = std::min(part.find('='), part.size());
    auto name = decode(part.substr(0, equals), true);
    auto value = decode(part.substr(std::min(equals + 1, part.size())), true);
    if (!name || !value) return false;
    target.query.try_emplace(std::move(*name), std::move(*value));
    return true;
  });
  if (!path_is_sound || !query_is_sound) return std::nullopt;
  return target;
}

const AdminToken* find_token(const Config& config, const HttpRequest& request) {
  const auto given = bearer_of(request);
  if (!given) return nullptr;
  const Fingerprint hash = fingerprint_of(*given);
  const AdminToken* found = nullptr;
  static const AdminToken whole{"admin_token", {}, AdminRole::kWrite};
  if (!config.admin_token.empty() && is_same(hash, fingerprint_of(config.admin_token))) {
    found = &whole;
  }
  for (const AdminToken& token : config.admin_tokens) {
    if (is_same(hash, fingerprint_of(token.token)) && found == nullptr) found = &token;
  }
  return found;
}

std::optional<std::uint64_t> parse_count(std::string_view text, std::uint64_t most) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || value > most) {
    return std::nullopt;
  }
  return value;
}

}  // namespace peer
