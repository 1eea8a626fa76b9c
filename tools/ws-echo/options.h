#pragma once

#include <cstdint>
#include <string>

#include <peer/sdk/result.h>

#include "core/net/event_loop.h"

namespace peer::ws_echo {

/// For conformance suites: messages up to 64 MiB, a ping a day at most, no bound of control frames.
/// Suites go beyond the product's bounds, and take a close for a failure.
[[nodiscard]] NetOptions suite_options();

/// The command line of ws-echo.
struct Options {
  bool help = false;
  std::string host = "127.0.0.1";
  std::uint16_t port = 9001;  ///< 0: any free one
  std::string port_file;      ///< empty: none
  std::string tls_cert;       ///< PEM files, both or neither
  std::string tls_key;
  NetOptions net = suite_options();  ///< of the loop
};

inline constexpr char kUsage[] = R"(usage: ws-echo [option...]
Echoes every text and binary message as one message of the same type, at any path.
  --host ADDRESS       where to listen (127.0.0.1)
  --port PORT          0: any free one (9001)
  --port-file FILE     gets the port once the server listens
  --product            values of peer-server's keys, instead of those in brackets here; binary
                       messages are echoed all the same. Options behind it change single ones:
  --max-message BYTES            a longer message closes with 1009 (67108864)
  --compression                  permessage-deflate for who offers it
  --compression-threshold BYTES  shorter messages are sent as they are (0)
  --send-buffer-size COUNT       echoes that wait for a client before it is not read (65536)
  --send-buffer-bytes BYTES      the same in bytes (67108864)
  --ping-interval MS             between two pings (a day)
  --pong-wait MS                 for the answer to a ping (a day)
  --read-timeout MS              for a request's head; for one frame when a pong is due (60000)
  --write-timeout MS             for a client whose socket takes nothing (60000)
  --control-frames COUNT         of a client in a second; more close with 4008; 0: no limit (0)
  --tls-cert FILE      PEM: the certificate with its chain; with --tls-key: wss
  --tls-key FILE       PEM: its key
  --help
)";

/// Reads the arguments, of which the first is the program's name; the error says which one is
/// wrong. Of one that is given twice the last counts.
[[nodiscard]] sdk::Result<Options> parse_options(int argc, const char* const* argv);

}  // namespace peer::ws_echo
