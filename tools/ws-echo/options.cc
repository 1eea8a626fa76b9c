#include "tools/ws-echo/options.h"

#include <charconv>
#include <string_view>
#include <system_error>

namespace peer::ws_echo {
namespace {

template <typename T>
bool read_number(std::string_view text, T& number) {
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, number);
  return error == std::errc{} && at == end;
}

bool take_value(std::string_view name, const char* value, Options& options) {
  if (name == "--host") {
    options.host = value;
  } else if (name == "--port") {
    return read_number(value, options.port);
  } else if (name == "--port-file") {
    options.port_file = value;
  } else if (name == "--tls-cert") {
    options.tls_cert = value;
  } else if (name == "--tls-key") {
    options.tls_key = value;
  } else if (name == "--max-message") {
    return read_number(value, options.max_message);
  } else {
    return false;
  }
  return true;
}

}  // namespace

sdk::Result<Options> parse_options(int argc, const char* const* argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--help") {
      options.help = true;
    } else if (name == "--compression") {
      options.compression = true;
    } else if (i + 1 == argc || !take_value(name, argv[++i], options)) {
      return sdk::Error{"cannot use '" + std::string(name) + "'; see ws-echo --help"};
    }
  }
  if (options.tls_cert.empty() != options.tls_key.empty()) {
    return sdk::Error{"--tls-cert and --tls-key come together"};
  }
  return options;
}

}  // namespace peer::ws_echo
