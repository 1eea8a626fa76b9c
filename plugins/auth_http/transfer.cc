#include "transfer.h"

#include <sys/socket.h>

#include <cstdlib>
#include <new>
#include <utility>

// In: a question, as JSON. Out: the bytes of a 200, or why there are none. libcurl calls the three
// on_...() from curl_multi_perform(), on the asker's thread; nothing may be thrown through it. The
// words of a failure never hold a time or a count: so the log counts those that are the same.
namespace peer_http_auth {
namespace {

// More than any sensible head, also of many interim answers (1xx) in a row.
constexpr std::size_t kMostHeaderBytes = 64 * 1024;

}  // namespace

Transfer::Transfer(const Settings& settings) : settings_(settings), easy_(curl_easy_init()) {
  if (easy_ == nullptr) throw std::bad_alloc();
  set_options();
}

Transfer::~Transfer() { curl_easy_cleanup(easy_); }

void Transfer::set_options() {
  for (const char* line :
       {"Content-Type: application/json", "Accept: application/json", "Expect:"}) {
    curl_slist* longer = curl_slist_append(headers_.get(), line);
    if (longer == nullptr) throw std::bad_alloc();
    static_cast<void>(headers_.release());
    headers_.reset(longer);
  }
  const auto set = [this](CURLoption option, auto value) {
    if (curl_easy_setopt(easy_, option, value) != CURLE_OK) throw std::bad_alloc();
  };
  // Where to: this very URL, and nowhere else, whatever the answer or the environment says.
  set(CURLOPT_URL, peer_http::text_of(settings_.url).c_str());
  set(CURLOPT_PROTOCOLS_STR, settings_.url.https ? "https" : "http");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_PROXY, "");
  set(CURLOPT_NOPROXY, "*");
  set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  set(CURLOPT_OPENSOCKETFUNCTION, &Transfer::on_socket);
  set(CURLOPT_OPENSOCKETDATA, static_cast<void*>(this));
  // Who is there. libcurl reads these two from the environment in its command line tool only.
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (const char* file = std::getenv("SSL_CERT_FILE")) set(CURLOPT_CAINFO, file);
  if (const char* folder = std::getenv("SSL_CERT_DIR")) set(CURLOPT_CAPATH, folder);
  // What is said, and what is taken in answer.
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_POST, 1L);
  set(CURLOPT_HTTPHEADER, headers_.get());
  set(CURLOPT_USERAGENT, "peer-server");
  set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(CURLOPT_ERRORBUFFER, error_.data());
  set(CURLOPT_MAXAGE_CONN,
      static_cast<long>(std::chrono::ceil<std::chrono::seconds>(settings_.idle).count()));
  // No signals, and no wait for a name server whose answer comes after the timeout: without the
  // second the thread that looks the name up is joined, and nothing else goes on meanwhile.
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L);
}

void Transfer::prepare(std::string body, std::chrono::milliseconds timeout) {
  question_ = std::move(body);
  body_.clear();
  header_bytes_ = 0;
  too_long_ = false;
  refused_address_ = false;
  error_[0] = '\0';
  curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, question_.c_str());
  curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(question_.size()));
  // Of all of it, the look-up and the connection included. 0 would be without end.
  curl_easy_setopt(easy_, CURLOPT_TIMEOUT_MS, std::max(1L, static_cast<long>(timeout.count())));
}

std::size_t Transfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  Transfer& transfer = *static_cast<Transfer*>(self);
  const std::size_t bytes = size * count;
  if (bytes > transfer.settings_.max_body - transfer.body_.size()) {
    transfer.too_long_ = true;
    return 0;  // which ends the transfer, and its connection
  }
  try {
    transfer.body_.append(data, bytes);
  } catch (const std::bad_alloc&) {
    return 0;
  }
  return bytes;
}

std::size_t Transfer::on_header(char*, std::size_t size, std::size_t count, void* self) {
  Transfer& transfer = *static_cast<Transfer*>(self);
  transfer.header_bytes_ += size * count;
  if (transfer.header_bytes_ <= kMostHeaderBytes) return size * count;
  transfer.too_long_ = true;
  return 0;
}

// Before each connection, with the very address: a look-up of ours could have had another answer.
curl_socket_t Transfer::on_socket(void* self, curlsocktype, curl_sockaddr* address) {
  Transfer& transfer = *static_cast<Transfer*>(self);
  if (!transfer.settings_.url.https && !transfer.settings_.allow_http &&
      !peer_http::is_private_address(address->addr)) {
    transfer.refused_address_ = true;
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

Answer Transfer::answer(CURLcode code) {
  if (code != CURLE_OK) return failure(code);
  long status = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  if (status == 200) return {Answer::Kind::kBody, std::move(body_)};
  return {status >= 500 && status < 600 ? Answer::Kind::kNone : Answer::Kind::kUnusable,
          "it answers " + std::to_string(status) + ", expected 200"};
}

Answer Transfer::failure(CURLcode code) const {
  if (too_long_) return {Answer::Kind::kUnusable, "its answer is too long"};
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return {Answer::Kind::kNone, "it takes too long"};
    case CURLE_COULDNT_RESOLVE_HOST:
      return {Answer::Kind::kNone, "cannot look up its host"};
    case CURLE_COULDNT_CONNECT:
      if (!refused_address_) return {Answer::Kind::kNone, "cannot connect to it"};
      return {Answer::Kind::kUnusable,
              "http to an address that is not private; use https, or allow_http: true"};
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
      return {Answer::Kind::kNone, "it ends the connection without an answer"};
    case CURLE_PARTIAL_FILE:
      return {Answer::Kind::kNone, "its answer is cut off"};
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
      // Which of many things it is, only the buffer says.
      return {Answer::Kind::kUnusable,
              error_[0] == '\0' ? curl_easy_strerror(code) : error_.data()};
    default:
      return {Answer::Kind::kUnusable, curl_easy_strerror(code)};
  }
}

long Transfer::connections() const {
  long opened = 0;
  curl_easy_getinfo(easy_, CURLINFO_NUM_CONNECTS, &opened);
  return opened;
}

}  // namespace peer_http_auth
