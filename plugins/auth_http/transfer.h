#pragma once

#include <curl/curl.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "http_url.h"

namespace peer_http_auth {

/// How a question ends.
struct Answer {
  enum class Kind {
    kBody,      ///< status 200, and all of its body
    kNone,      ///< nobody has answered, or somebody that cannot now (5xx)
    kUnusable,  ///< something else has been answered, or by somebody else
    kDropped,   ///< nobody needs it any more
  };
  Kind kind = Kind::kNone;
  std::string text;  ///< the body, or why there is none, always in the same words
};

/// One POST after another by libcurl, within bounds of size and time, whatever the other side does:
/// no redirect is followed, no proxy used, name and certificate of an https server are checked. The
/// connections are those of the multi handle that it is added to. One thread.
class Transfer {
 public:
  struct Settings {
    peer_http::HttpUrl url;
    bool allow_http = false;  ///< without it, http goes to loopback and private addresses only
    std::size_t max_body = 0;
    std::chrono::milliseconds idle{30'000};  ///< a connection that was idle so long is not used
  };

  /// `settings` outlives this.
  explicit Transfer(const Settings& settings);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  /// To be added to a multi handle after prepare(), and taken from it before answer().
  [[nodiscard]] CURL* handle() const { return easy_; }
  /// `timeout`: of all of it, the look-up of the name included; at least 1 ms.
  void prepare(std::string body, std::chrono::milliseconds timeout);
  /// `code`: how libcurl says that it has ended.
  [[nodiscard]] Answer answer(CURLcode code);
  /// How many connections the last one has opened: none where a kept one was used.
  [[nodiscard]] long connections() const;

 private:
  struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };

  // libcurl calls these within curl_multi_perform(): they throw nothing. 0, or no socket, ends the
  // transfer.
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static curl_socket_t on_socket(void* self, curlsocktype purpose, curl_sockaddr* address);
  void set_options();
  [[nodiscard]] Answer failure(CURLcode code) const;

  const Settings& settings_;
  CURL* const easy_;
  std::unique_ptr<curl_slist, FreeList> headers_;
  std::array<char, CURL_ERROR_SIZE> error_{};
  std::string question_;
  std::string body_;
  std::size_t header_bytes_ = 0;
  bool too_long_ = false;
  bool refused_address_ = false;
};

}  // namespace peer_http_auth
