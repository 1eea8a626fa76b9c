#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>

#include <Poco/Net/StreamSocket.h>

#include <peer/sdk/result.h>

#include "http_url.h"
#include "name_lookup.h"

namespace peer_jwt {

/// Fetches a JWKS: one connection for each time, no redirects, an answer within a bound of size and
/// of time, whatever the other side does. Name and certificate of an https server are checked.
class JwksFetch {
 public:
  struct Settings {
    peer_http::HttpUrl url;
    bool allow_http = false;  ///< without it, http goes to loopback and private addresses only
    std::chrono::milliseconds timeout{5000};  ///< of all, the look-up of the name included
    std::size_t max_body = 0;
  };

  explicit JwksFetch(Settings settings);
  ~JwksFetch();
  JwksFetch(const JwksFetch&) = delete;
  JwksFetch& operator=(const JwksFetch&) = delete;

  /// The body of a 200, at most `max_body` bytes. It blocks for `timeout` at most. One thread.
  [[nodiscard]] peer::sdk::Result<std::string> fetch();
  /// Makes a fetch that is under way, and each later one, end at once with an error. Any thread.
  void cancel();

 private:
  using Clock = std::chrono::steady_clock;

  /// Whether the socket has come to be connected to the address before the deadline, and before
  /// cancel(). Else the error.
  [[nodiscard]] peer::sdk::Result<void> connect(Poco::Net::StreamSocket& socket,
                                                const Address& address, Clock::time_point deadline);
  /// A connection with the first address that takes one and may be asked.
  [[nodiscard]] peer::sdk::Result<Poco::Net::StreamSocket> reach(Clock::time_point deadline);

  /// Ends a connection that takes too long (jwks_fetch.cc).
  class Guard;

  const Settings settings_;
  NameLookup lookup_;
  const int wake_;    ///< an eventfd, readable once cancelled
  std::mutex mutex_;  ///< guards what follows
  std::condition_variable changed_;
  /// Stays so: cancel() is for the end of the plugin.
  bool cancelled_ = false;
};

}  // namespace peer_jwt
