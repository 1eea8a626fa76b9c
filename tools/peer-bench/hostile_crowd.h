#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "tools/peer-bench/client_frames.h"
#include "tools/peer-bench/client_loop.h"
#include "tools/peer-bench/options.h"
#include "tools/peer-bench/report.h"

namespace peer::bench {

/// Slow and hostile clients, of each kind as many. A client that the server has closed comes back
/// in the next sweep. They expect nothing and check nothing: what they do to others shows in
/// another peer-bench that runs beside them. One thread.
class HostileCrowd {
 public:
  explicit HostileCrowd(const Options& options);
  ~HostileCrowd();
  HostileCrowd(const HostileCrowd&) = delete;
  HostileCrowd& operator=(const HostileCrowd&) = delete;

  /// Each client once: connects, or says what its kind says. 20 a second are meant.
  void sweep();
  void report(Report& report) const;

 private:
  enum class Kind {
    kDrippedHead,  ///< one byte of its request in each sweep
    kSilent,       ///< upgrades and never registers
    kHalfClosed,   ///< upgrades and shuts down writing
    kPingFlood,    ///< as many pings as the server takes without closing
    kFragments,    ///< a message of 1-byte continuations, without an end
    kStalled,      ///< member of a namespace full of broadcasts, never reads
    kOpenHello,    ///< begins a TLS handshake
  };
  static constexpr std::size_t kKinds = 7;

  struct Client {
    Kind kind;
    int fd = -1;
    std::size_t sweeps = 0;  ///< of this connection
  };

  void connect(Client& client);
  void harass(Client& client);
  void say(Client& client, const Bytes& bytes);
  void say(Client& client, std::string_view text);
  void end(Client& client);
  /// `count` masked frames with the same payload; continuations are not final.
  [[nodiscard]] Bytes frames(Opcode opcode, std::string_view payload, std::size_t count);
  /// `register` under a new key, and the join into the crowd's namespace if it `joins`.
  [[nodiscard]] Bytes registration(bool joins);

  Target target_;
  std::vector<Client> clients_;
  std::minstd_rand names_;
  std::uint64_t connected_ = 0;
  std::uint64_t closed_by_server_ = 0;
};

}  // namespace peer::bench
