#pragma once

#include <netinet/in.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tools/peer-bench/client_frames.h"
#include "tools/peer-bench/clock.h"
#include "tools/peer-bench/tls_client.h"

namespace peer::bench {

/// Where the server is.
struct Target {
  sockaddr_in address{};
  std::vector<std::uint16_t> ports;  ///< of all nodes, the address's own first
  std::string upgrade_request;       ///< the whole HTTP head
  bool tls = false;
};

struct Options;

/// Resolves host and port (IPv4); throws std::runtime_error when there is no such host.
[[nodiscard]] Target make_target(const Options& options);

/// One non-blocking connection of the generator. Made and owned by a ClientLoop; a slot that is
/// closed can be connected again.
struct Client {
  enum class State { kClosed, kConnecting, kUpgrading, kOpen };

  std::uint32_t index = 0;
  int fd = -1;
  State state = State::kClosed;
  bool reading = true;             ///< false: what arrives stays in the socket
  bool dirty = false;              // in the loop's list of those with something to send
  bool wants_write = false;        // the last send was short: EPOLLOUT is on
  std::uint32_t armed = 0;         // events that epoll watches
  std::unique_ptr<TlsClient> tls;  // null: plain
  Bytes partial;                   // an incomplete frame
  Bytes unsent;
};

/// What a ClientLoop reports. Views die with the call.
class ClientEvents {
 public:
  /// The upgrade was accepted.
  virtual void on_open(Client& client) = 0;
  virtual void on_message(Client& client, std::string_view text) = 0;
  /// The connection ended, but not by close(): `why` has the close frame's code and reason, or the
  /// system's words. The client is in kClosed, and may be connected again after the round only.
  virtual void on_closed(Client& client, std::string_view why) = 0;

 protected:
  ~ClientEvents() = default;
};

/// All connections of one run, on one epoll. Reads go to one shared buffer, and what was queued in
/// a round is sent at its end with one send() for each connection: two system calls for a message
/// or a burst, as few as the server needs. No allocation once the buffers have their size.
class ClientLoop {
 public:
  /// `events` must outlive the loop.
  ClientLoop(Target target, ClientEvents& events);
  ~ClientLoop();
  ClientLoop(const ClientLoop&) = delete;
  ClientLoop& operator=(const ClientLoop&) = delete;

  /// Adds `count` clients, closed; their addresses are stable.
  void add_clients(std::size_t count);
  [[nodiscard]] Client& client(std::size_t index) { return *clients_[index]; }
  [[nodiscard]] std::size_t size() const { return clients_.size(); }

  /// Begins to connect; on_open() or on_closed() follows. Throws std::system_error when this
  /// process can have no more sockets.
  void connect(Client& client);
  /// Queues one text message; it leaves at the end of the round.
  void send_text(Client& client, std::initializer_list<std::string_view> pieces);
  /// Queues a close frame (1000); on_closed() follows when the server has answered.
  void send_close(Client& client);
  void set_reading(Client& client, bool reading);
  /// Ends a connection at once, without an event.
  void close(Client& client);

  /// One round: waits up to `timeout`, reads, reports, sends.
  void step(std::chrono::milliseconds timeout);
  /// Sends what was queued outside a round.
  void flush();
  /// When the bytes now reported were read.
  [[nodiscard]] Instant now() const { return now_; }

 private:
  void send_frame(Client& client, Opcode opcode, std::initializer_list<std::string_view> pieces);
  void mark_dirty(Client& client);
  void flush(Client& client);
  void watch(Client& client);
  void on_writable(Client& client);
  void read(Client& client);
  bool read_once(Client& client);
  void consume(Client& client, std::span<const std::uint8_t> bytes);
  std::size_t consume_upgrade(Client& client, std::span<const std::uint8_t> bytes);
  std::size_t consume_frame(Client& client, std::span<const std::uint8_t> bytes);
  void end(Client& client, std::string_view why);

  Target target_;
  ClientEvents& events_;
  int epoll_;
  Instant now_ = Clock::now();
  std::minstd_rand masks_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<Client*> dirty_;
  std::vector<Client*> flushing_;
  Bytes buffer_;
  Bytes joined_;  // an incomplete frame and what came behind it
};

}  // namespace peer::bench
