#include "tools/peer-bench/api_traffic.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>

#include "tools/peer-bench/throw_errno.h"

// The Server API as a backend and a console use it. In: a rate. Out: how long answers took. Each
// thread asks, reads the whole answer, and waits for its next turn; a turn that is late is not made
// up for.
namespace peer::bench {
namespace {

constexpr std::uint32_t kThreads = 4;

int connect_to(const Options& options) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(options.api_port);
  if (::inet_pton(AF_INET, options.host.c_str(), &address.sin_addr) != 1) {
    throw std::runtime_error("--api-port: expected an IPv4 address as --host");
  }
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw_errno("socket");
  const int one = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(fd);
    throw_errno("connect to --api-port");
  }
  return fd;
}

/// The bytes of the body that the head in `answer` announces, and where it begins; false: there is
/// no whole head yet.
bool find_body(const std::string& answer, std::size_t& begin, std::size_t& size) {
  constexpr std::string_view kLength = "\r\nContent-Length: ";
  const std::size_t end = answer.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  begin = end + 4;
  size = 0;
  const std::size_t at = answer.find(kLength);
  if (at < end) {
    const char* text = answer.data() + at + kLength.size();
    std::from_chars(text, answer.data() + end, size);
  }
  return true;
}

}  // namespace

ApiTraffic::ApiTraffic(const Options& options) : options_(options) {
  for (std::uint32_t i = 0; i < kThreads; ++i) fds_.push_back(connect_to(options));
  for (std::uint32_t i = 0; i < kThreads; ++i) {
    threads_.emplace_back([this, i] { run(fds_[i], i); });
  }
}

ApiTraffic::~ApiTraffic() {
  ends_ = true;
  for (std::thread& thread : threads_) thread.join();
  for (const int fd : fds_) ::close(fd);
}

std::string ApiTraffic::request(std::uint64_t number, const std::string& peer) const {
  const std::array<std::string, 6> gets{"/v1/peers?limit=50", "/v1/namespaces",
                                        "/v1/peers/" + peer,  "/v1/nodes",
                                        "/v1/rooms",          "/v1/peers?namespace=bench-0"};
  const std::string rest =
      " HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer " + options_.api_token + "\r\n";
  const std::size_t turn = number % (gets.size() + 1);
  if (turn < gets.size()) return "GET " + gets[turn] + rest + "\r\n";
  const std::string body = R"({"payload":{"n":)" + std::to_string(number) + "}}";
  return "POST /v1/namespaces/nobody/messages" + rest +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

int ApiTraffic::ask(int fd, const std::string& request, std::string& answer) {
  if (::send(fd, request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    return 0;
  }
  answer.clear();
  std::size_t begin = 0;
  std::size_t size = 0;
  while (!find_body(answer, begin, size) || answer.size() < begin + size) {
    std::array<char, 65536> piece;
    const ssize_t got = ::recv(fd, piece.data(), piece.size(), 0);
    if (got <= 0) return 0;
    answer.append(piece.data(), static_cast<std::size_t>(got));
  }
  int status = 0;
  if (answer.size() > 12) std::from_chars(answer.data() + 9, answer.data() + 12, status);
  return status;
}

void ApiTraffic::run(int fd, std::uint32_t number) {
  const auto pause = std::chrono::duration_cast<Duration>(
      std::chrono::duration<double>(static_cast<double>(kThreads) / options_.api_rate));
  std::string peer = "nobody";
  std::string answer;
  Instant next = Clock::now();
  for (std::uint64_t turn = number; !ends_; turn += kThreads) {
    next = std::max(next + pause, Clock::now());
    std::this_thread::sleep_until(next);
    if (!runs_) continue;
    const Instant begin = Clock::now();
    const int status = ask(fd, request(turn, peer), answer);
    const Duration took = Clock::now() - begin;
    // A peer that is there, from the latest page.
    constexpr std::string_view kMember = "\"fingerprint\":\"";
    constexpr std::size_t kDigits = 64;
    const std::size_t at = answer.find(kMember);
    if (at != std::string::npos) peer = answer.substr(at + kMember.size(), kDigits);
    const std::lock_guard lock(mutex_);
    time_ += std::max(pause, took);
    if (status == 200) {
      ++answers_;
      latency_.record(took);
    } else if (status != 404) {
      ++errors_;
    }
    if (status == 0) return;
  }
}

void ApiTraffic::report(Report& report) {
  const std::lock_guard lock(mutex_);
  report.count("api_answers", answers_);
  report.count("api_errors", errors_);
  const double seconds = to_seconds(time_) / kThreads;
  report.number("api_rate_per_sec", seconds > 0 ? static_cast<double>(answers_) / seconds : 0);
  report.number("api_request_p50_us", to_microseconds(latency_.quantile(0.5)));
  report.number("api_request_p99_us", to_microseconds(latency_.quantile(0.99)));
}

}  // namespace peer::bench
