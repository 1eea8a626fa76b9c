#include "options.h"

#include <algorithm>
#include <utility>

#include "question.h"

namespace peer_http_auth {
namespace {

using peer::sdk::PluginConfig;
using std::chrono::milliseconds;

constexpr std::size_t kMostHeaders = 32;

void read_url(PluginConfig& config, Options& options) {
  const std::string text = config.required_string("url");
  options.allow_http = config.boolean("allow_http", false);
  if (text.empty()) return;
  auto url = peer_http::parse_http_url(text);
  if (!url) return config.mistake("url", url.error().message);
  // A name is judged when it is connected to (Transfer).
  if (peer_http::is_open_http(*url) && !options.allow_http) {
    config.mistake("url", "https, or a private address, or allow_http: true");
  }
  options.url = std::move(url).value();
}

/// RFC 9110 5.6.2: a token.
bool is_header_name(std::string_view name) {
  constexpr std::string_view kBytes =
      "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  return !name.empty() && name.size() <= 256 && name.find_first_not_of(kBytes) == name.npos;
}

std::vector<std::string> read_headers(PluginConfig& config) {
  std::vector<std::string> names = config.strings("headers");
  bool sound = names.size() <= kMostHeaders;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto before = names.begin() + static_cast<std::ptrdiff_t>(i);
    sound = sound && is_header_name(names[i]) &&
            std::none_of(names.begin(), before,
                         [&](const std::string& other) { return same_header(other, names[i]); });
  }
  if (!sound) config.mistake("headers", "at most 32 names of headers, each once");
  return names;
}

}  // namespace

Options read_options(PluginConfig& config) {
  Options options;
  read_url(config, options);
  options.timeout =
      config.duration("timeout", milliseconds(5'000), milliseconds(100), milliseconds(60'000));
  options.max_body = static_cast<std::size_t>(config.integer("max_body", 65'536, 256, 1'048'576));
  options.max_concurrent = static_cast<std::size_t>(config.integer("max_concurrent", 32, 1, 1'000));
  options.max_waiting =
      static_cast<std::size_t>(config.integer("max_waiting", 10'000, 0, 1'000'000));
  options.headers = read_headers(config);
  options.query = config.boolean("query", false);
  options.identity_prefix = config.string("identity_prefix", "");
  const std::string on_error = config.string("on_error", "deny");
  options.allows_on_error = on_error == "allow";
  if (on_error != "deny" && on_error != "allow") config.mistake("on_error", "deny or allow");
  return options;
}

bool passes_credentials(const Options& options) {
  return std::any_of(options.headers.begin(), options.headers.end(), [](const std::string& name) {
    return same_header(name, "cookie") || same_header(name, "authorization");
  });
}

}  // namespace peer_http_auth
