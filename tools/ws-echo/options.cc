#include "tools/ws-echo/options.h"

#include <charconv>
#include <string_view>
#include <system_error>

// The command line of ws-echo. In: arguments. Out: Options, or the first argument that cannot be
// used. Main thread. Each argument is applied when it is read, so that --product, which sets all
// values, may be followed by options that change single ones.
namespace peer::ws_echo {
namespace {

template <typename T>
bool read_number(std::string_view text, T& number) {
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, number);
  return error == std::errc{} && at == end;
}

bool read_time(std::string_view text, milliseconds& time) {
  std::uint32_t number = 0;
  // A ping interval or a timeout of 0 would fire in every round.
  if (!read_number(text, number) || number == 0) return false;
  time = milliseconds(number);
  return true;
}

bool take_net_value(std::string_view name, std::string_view value, NetOptions& net) {
  if (name == "--max-message") return read_number(value, net.max_message_size);
  if (name == "--compression-threshold") return read_number(value, net.compression_threshold);
  if (name == "--send-buffer-size") return read_number(value, net.send_buffer_size);
  if (name == "--send-buffer-bytes") return read_number(value, net.send_buffer_bytes);
  if (name == "--ping-interval") return read_time(value, net.ping_interval);
  if (name == "--pong-wait") return read_time(value, net.pong_wait);
  if (name == "--read-timeout") return read_time(value, net.read_timeout);
  if (name == "--write-timeout") return read_time(value, net.write_timeout);
  if (name == "--control-frames") return read_number(value, net.control_frames_per_second);
  return false;
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
  } else {
    return take_net_value(name, value, options.net);
  }
  return true;
}

/// An echo server needs these settings, whatever its limits are: it answers at every path, and
/// binary messages too.
NetOptions as_echo(NetOptions net) {
  net.websocket_path = "";
  net.accept_binary = true;
  return net;
}

}  // namespace

NetOptions suite_options() {
  constexpr std::uint64_t kLargest = 64ULL * 1024 * 1024;
  constexpr milliseconds kOneDay{86'400'000};
  NetOptions net;
  net.max_message_size = kLargest;
  net.send_buffer_size = 65536;
  net.send_buffer_bytes = kLargest;
  net.write_timeout = milliseconds(60'000);
  net.ping_interval = kOneDay;
  net.pong_wait = kOneDay;
  net.compression_threshold = 0;
  net.control_frames_per_second = 0;
  return as_echo(net);
}

sdk::Result<Options> parse_options(int argc, const char* const* argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--help") {
      options.help = true;
    } else if (name == "--compression") {
      options.net.compression = true;
    } else if (name == "--product") {
      options.net = as_echo(NetOptions());
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
