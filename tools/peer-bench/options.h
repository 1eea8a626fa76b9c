#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <peer/sdk/result.h>

namespace peer::bench {

enum class Mode {
  kIdle,
  kSignal,
  kBroadcast,
  kSlow,
  kChurn,
  kMatch,
  kPing,
  kMixed,
  kHostile,
  kFloor
};

[[nodiscard]] std::string_view name_of(Mode mode);

/// What to run: see help_text().
struct Options {
  Mode mode = Mode::kSignal;
  bool help = false;
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;
  std::string more_ports;  ///< of other nodes, with commas
  std::string path = "/ws";
  bool tls = false;
  pid_t pid = 0;  ///< of the server; 0: not known

  double seconds = 5;       ///< measured, all rounds together
  std::uint32_t units = 0;  ///< so many at least, in one round; 0: as many as the seconds allow
  double warmup = 0.5;      ///< before each round, not measured
  std::uint32_t rounds = 5;
  double patience = 5;  ///< seconds without any progress before what is missing counts as lost
  int core = -1;        ///< where everything runs; -1: wherever
  bool with_floor = false;
  bool quiet = false;  ///< only the JSON object

  std::uint32_t peers = 0;  ///< 0: the mode's default
  std::uint32_t namespace_size = 10;
  bool quiet_joins = false;       ///< nobody is told who joins (the server's quiet_namespaces)
  bool resumable = false;         ///< peers ask for a session that they could resume
  std::uint32_t connecting = 64;  ///< connections opened at the same time
  std::uint32_t pairs = 100;
  std::uint32_t size = 200;  ///< bytes of a payload
  bool varied = false;       ///< signal: no message is like the one before it
  std::uint32_t in_flight = 1;
  std::uint32_t members = 500;
  std::uint32_t senders = 1;
  std::uint32_t stalled = 10;  ///< members that never read
  std::uint32_t waiting = 0;   ///< peers whose tickets wait beside the pairs'

  std::uint16_t api_port = 0;    ///< signal: of the Server API; 0: it is not asked
  std::string api_token;         ///< of the Server API
  std::uint32_t api_rate = 200;  ///< requests a second to it
};

/// Reads the command line without the program's name. Errors say what was expected.
[[nodiscard]] sdk::Result<Options> parse_options(std::span<const char* const> arguments);

[[nodiscard]] std::string help_text();

}  // namespace peer::bench
