#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "kit.h"
#include "resolver.h"
#include "resp.h"
#include "tls_client.h"

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

  /// Begins to connect; output may be queued at once. `tls`: null for none; `host`: as which the
  /// address was given, and as which the certificate must name it.
  void open(const Address& address, const TlsOptions* tls, const std::string& host);
  void close();
  /// The same, and what the kernel still has to send is thrown away: it would come late.
  void abort();
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }

  /// Queues a command, sent by flush(); the caller bounds what is queued. False: closed.
  bool send(std::span<const std::string_view> arguments);
  bool send_bytes(std::string_view bytes);
  /// The owner calls this at the end of each round of the loop, so that what a round says goes in
  /// one piece. Nothing else writes.
  void flush();
  /// Something has come from the network, or can go there, since the last flush().
  [[nodiscard]] bool has_news() const { return has_news_; }
  [[nodiscard]] std::size_t queued_bytes() const { return output_.size() - sent_; }

 private:
  /// What epoll says of the socket.
  void handle(std::uint32_t events);
  /// Reads once, 64 KiB at most. More is read in the next round, so other work comes in between.
  void read();
  /// Hands out all replies that are whole by now; stops when a callback has closed the connection.
  void take(std::string_view bytes);
  /// False: TLS has failed.
  bool encrypt();
  /// Writes what the kernel takes. False: the connection has failed, and closed() was called.
  bool write(std::string& bytes, std::size_t& sent);
  /// Closes, and then calls closed(), which may open() again.
  void fail(std::string_view why);

  EventLoop& loop_;
  const Events events_;
  int fd_ = -1;
  bool connecting_ = false;
  bool has_news_ = false;
  /// EPOLLOUT is asked for.
  bool waiting_to_write_ = false;
  /// Plain bytes that have not been given to the kernel, or to TLS.
  std::string output_;
  std::size_t sent_ = 0;  ///< of output_; with TLS: that is encrypted
  std::unique_ptr<TlsClient> tls_;
  std::string wire_;  ///< with TLS: what goes to the network
  std::size_t wire_sent_ = 0;
  /// Of the present connection: half a reply of an earlier one must not remain.
  std::unique_ptr<ReplyReader> reader_;
};

}  // namespace peer_redis
