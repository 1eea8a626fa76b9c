#pragma once

#include <string_view>

#include <peer/sdk/result.h>

#include "core/base/mutex.h"
#include "core/base/time.h"
#include "core/net/http/http_request.h"
#include "core/net/http/http_url.h"

namespace peer {

/// Posts to another server, one request after the other, each on a connection of its own. It
/// blocks: for a thread that serves nobody else. Certificates and names are checked against the
/// system's authorities; redirects are not followed, and of an answer only the head is read, 16 KiB
/// of it at most.
///
/// One thread, but for cancel().
class HttpPost {
 public:
  HttpPost() = default;
  ~HttpPost() = default;
  HttpPost(const HttpPost&) = delete;
  HttpPost& operator=(const HttpPost&) = delete;

  /// Returns the status of the answer. `headers`: beside Host, Content-Length and Connection. The
  /// error says what went wrong, for the log. A name server that does not answer may exceed
  /// `timeout`.
  [[nodiscard]] sdk::Result<int> post(const HttpUrl& url, const HttpHeaders& headers,
                                      std::string_view body, milliseconds timeout);
  /// Ends the request that is under way; no other begins. Any thread.
  void cancel() PEER_EXCLUDES(mutex_);

 private:
  /// The socket of the request that is under way, for cancel(); -1: none. False: it is cancelled.
  bool use(int descriptor) PEER_EXCLUDES(mutex_);
  bool is_cancelled() PEER_EXCLUDES(mutex_);

  Mutex mutex_;
  int descriptor_ PEER_GUARDED_BY(mutex_) = -1;
  bool cancelled_ PEER_GUARDED_BY(mutex_) = false;
};

}  // namespace peer
