#pragma once

#include <cstdint>
#include <string>

#include <peer/sdk/result.h>

namespace peer::ws_echo {

/// The command line of ws-echo.
struct Options {
  bool help = false;
  std::string host = "127.0.0.1";
  std::uint16_t port = 9001;  ///< 0: any free one
  std::string port_file;      ///< empty: none
  std::uint64_t max_message = 64ULL * 1024 * 1024;
  bool compression = false;
  std::string tls_cert;  ///< PEM files, both or neither
  std::string tls_key;
};

inline constexpr char kUsage[] = R"(usage: ws-echo [option...]
Echoes every text and binary message as one message of the same type, at any path.
  --host ADDRESS       where to listen (127.0.0.1)
  --port PORT          0: any free one (9001)
  --port-file FILE     gets the port once the server listens
  --max-message BYTES  a longer message closes with 1009 (67108864)
  --compression        permessage-deflate for who offers it, short messages too
  --tls-cert FILE      PEM: the certificate with its chain; with --tls-key: wss
  --tls-key FILE       PEM: its key
  --help
)";

/// Reads the arguments; the error says which one is wrong.
[[nodiscard]] sdk::Result<Options> parse_options(int argc, const char* const* argv);

}  // namespace peer::ws_echo
