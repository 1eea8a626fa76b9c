#include "tests/support/http_endpoint.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "tests/support/deadline.h"

namespace peer::test {
namespace {

std::size_t content_length(const std::string& head) {
  constexpr std::string_view kName = "\r\nContent-Length: ";
  const std::size_t at = head.find(kName);
  return at == head.npos ? 0 : std::stoul(head.substr(at + kName.size()));
}

}  // namespace

HttpEndpoint::HttpEndpoint(Handler handler) : handler_(std::move(handler)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::listen(listener_, 1024) != 0) {
    throw std::system_error(errno, std::generic_category(), "HttpEndpoint");
  }
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

HttpEndpoint::~HttpEndpoint() {
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  for (Connection& connection : open_) {
    ::shutdown(connection.descriptor, SHUT_RDWR);
    connection.thread.join();
    ::close(connection.descriptor);
  }
  ::close(listener_);
}

void HttpEndpoint::accept_all() {
  for (;;) {
    const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (descriptor < 0) return;
    const std::lock_guard lock(mutex_);
    const int number = ++connections_;
    open_.push_back({descriptor, std::thread([this, descriptor, number] {
                       serve(descriptor, number);
                       // The descriptor is freed at the end, when no thread can shut another's
                       // down.
                       ::shutdown(descriptor, SHUT_RDWR);
                       const std::lock_guard own(mutex_);
                       ++ended_;
                       changed_.notify_all();
                     })});
  }
}

bool HttpEndpoint::read_request(int descriptor, std::string& buffer, Request& request) {
  std::size_t end = std::string::npos;
  std::size_t size = 0;
  std::array<char, 4096> piece{};
  for (;;) {
    end = buffer.find("\r\n\r\n");
    if (end != buffer.npos) {
      request.head = buffer.substr(0, end + 4);
      size = content_length(request.head);
      if (buffer.size() >= end + 4 + size) break;
    }
    const ssize_t got = ::recv(descriptor, piece.data(), piece.size(), 0);
    if (got <= 0) return false;
    buffer.append(piece.data(), static_cast<std::size_t>(got));
  }
  request.body = buffer.substr(end + 4, size);
  buffer.erase(0, end + 4 + size);
  return true;
}

void HttpEndpoint::serve(int descriptor, int number) {
  std::string buffer;
  Request request;
  request.connection = number;
  while (read_request(descriptor, buffer, request)) {
    {
      const std::lock_guard lock(mutex_);
      request.number = ++requests_;
      most_at_once_ = std::max(most_at_once_, ++at_once_);
      changed_.notify_all();
    }
    const std::string answer = handler_(request);
    {
      const std::lock_guard lock(mutex_);
      --at_once_;
    }
    const ssize_t sent = ::send(descriptor, answer.data(), answer.size(), MSG_NOSIGNAL);
    const bool is_whole = !answer.empty() && sent == static_cast<ssize_t>(answer.size());
    if (!is_whole || answer.find("Connection: close") != answer.npos) return;
  }
}

void HttpEndpoint::wait_for(const int& figure, int count, const char* what) const {
  std::unique_lock lock(mutex_);
  const milliseconds budget(Deadline().milliseconds_left());
  if (changed_.wait_for(lock, budget, [&] { return figure >= count; })) return;
  throw std::runtime_error(std::string(what) + ": " + std::to_string(figure) + ", expected " +
                           std::to_string(count));
}

void HttpEndpoint::wait_for_requests(int count) const { wait_for(requests_, count, "requests"); }

void HttpEndpoint::wait_for_ended_connections(int count) const {
  wait_for(ended_, count, "ended connections");
}

std::string http_answer(std::string_view status, std::string_view body, std::string_view headers) {
  return "HTTP/1.1 " + std::string(status) + "\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n" + std::string(headers) + "\r\n" + std::string(body);
}

}  // namespace peer::test
