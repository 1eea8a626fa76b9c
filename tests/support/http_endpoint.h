#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace peer::test {

/// An HTTP/1.1 server on 127.0.0.1 with a thread for each connection, which is kept alive. What it
/// answers are the bytes that the test gives it, sound or not. Whatever a handler waits for has to
/// come before the end of this object.
class HttpEndpoint {
 public:
  struct Request {
    std::string head;  ///< with the empty line
    std::string body;
    int connection = 0;  ///< its number, from 1
    int number = 0;      ///< of the request, on all connections, from 1
  };
  /// The bytes of the answer. Empty: the connection ends without one; so it does behind an answer
  /// with "Connection: close" in it.
  using Handler = std::function<std::string(const Request&)>;

  explicit HttpEndpoint(Handler handler);
  explicit HttpEndpoint(const std::string& answer)
      : HttpEndpoint([answer](const Request&) { return answer; }) {}
  ~HttpEndpoint();
  HttpEndpoint(const HttpEndpoint&) = delete;
  HttpEndpoint& operator=(const HttpEndpoint&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string url(std::string_view path = "/peers") const {
    return "http://127.0.0.1:" + std::to_string(port_) + std::string(path);
  }
  [[nodiscard]] int connections() const { return read(connections_); }
  [[nodiscard]] int requests() const { return read(requests_); }
  /// The most requests that were handled at one time.
  [[nodiscard]] int most_at_once() const { return read(most_at_once_); }
  /// Waits until so many requests have come, or so many connections have ended; throws at the
  /// deadline.
  void wait_for_requests(int count) const;
  void wait_for_ended_connections(int count) const;

 private:
  struct Connection {
    int descriptor = -1;
    std::thread thread{};
  };

  void accept_all();
  void serve(int descriptor, int number);
  /// False: the connection has ended.
  static bool read_request(int descriptor, std::string& buffer, Request& request);

  [[nodiscard]] int read(const int& figure) const {
    const std::lock_guard lock(mutex_);
    return figure;
  }
  void wait_for(const int& figure, int count, const char* what) const;

  const Handler handler_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;  ///< guards what follows
  mutable std::condition_variable changed_;
  int connections_ = 0;
  int ended_ = 0;
  int requests_ = 0;
  int at_once_ = 0;
  int most_at_once_ = 0;
  std::list<Connection> open_;
  std::thread acceptor_;
};

/// An answer with this status line and body: "200 OK".
std::string http_answer(std::string_view status, std::string_view body,
                        std::string_view headers = {});

}  // namespace peer::test
