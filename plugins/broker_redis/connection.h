#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "event_loop.h"
#include "resolver.h"
#include "resp.h"

namespace peer_redis {

/// One connection to Redis: bytes out, replies in; nothing of what they mean. Loop thread only.
/// Callbacks may close() it, but not destroy it.
class Connection {
 public:
  struct Events {
    std::function<void(const Reply&)> reply;
    std::function<void(std::string_view why)> closed;  ///< once; not after close()
  };

  Connection(EventLoop& loop, Events events) : loop_(loop), events_(std::move(events)) {}
  ~Connection() { close(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Begins to connect; output may be queued at once.
  void open(const Address& address);
  void close();
  /// The same, and what the kernel still has to send is thrown away: it would come late.
  void abort();
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }

  /// Queues a command, sent by flush(); the caller bounds what is queued. False: closed.
  bool send(std::span<const std::string_view> arguments);
  bool send_bytes(std::string_view bytes);
  void flush();
  [[nodiscard]] std::size_t queued_bytes() const { return output_.size() - sent_; }

 private:
  void handle(std::uint32_t events);
  void read();
  void fail(std::string_view why);

  EventLoop& loop_;
  const Events events_;
  int fd_ = -1;
  bool connecting_ = false;
  bool waiting_to_write_ = false;
  std::string output_;
  std::size_t sent_ = 0;  ///< of output_
  std::unique_ptr<ReplyReader> reader_;
};

}  // namespace peer_redis
