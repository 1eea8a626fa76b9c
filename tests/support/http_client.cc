#include "tests/support/http_client.h"

#include <algorithm>
#include <cctype>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace peer::test {
namespace {

void read_more(TcpStream& stream, std::string& buffer, Deadline deadline) {
  if (stream.read_some(buffer, deadline) == 0) {
    throw std::runtime_error("connection closed inside an HTTP reply: '" + buffer + "'");
  }
}

HttpReply parse_head(const std::string& head) {
  HttpReply reply;
  std::istringstream lines(head);
  std::string version;
  lines >> version >> reply.status;
  if (version != "HTTP/1.1") throw std::runtime_error("no HTTP/1.1 reply: " + head);
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    const auto colon = line.find(':');
    if (colon == std::string::npos) continue;
    std::string name = line.substr(0, colon);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const auto first = line.find_first_not_of(" \t", colon + 1);
    const auto last = line.find_last_not_of(" \t\r");
    reply.headers[name] = first > last ? "" : line.substr(first, last - first + 1);
  }
  return reply;
}

}  // namespace

HttpReply read_http_reply(TcpStream& stream, std::string& buffer, bool has_body) {
  const Deadline deadline;
  while (buffer.find("\r\n\r\n") == std::string::npos) read_more(stream, buffer, deadline);
  const auto end_of_head = buffer.find("\r\n\r\n");
  HttpReply reply = parse_head(buffer.substr(0, end_of_head + 2));
  buffer.erase(0, end_of_head + 4);
  const auto length = reply.headers.find("content-length");
  if (has_body && reply.status >= 200 && length != reply.headers.end()) {
    const std::size_t size = std::stoul(length->second);
    while (buffer.size() < size) read_more(stream, buffer, deadline);
    reply.body = buffer.substr(0, size);
    buffer.erase(0, size);
  }
  return reply;
}

HttpReply HttpClient::request(std::string_view method, std::string_view path,
                              std::string_view more) {
  std::string text(method);
  text.append(" ").append(path).append(" HTTP/1.1\r\nHost: localhost\r\n");
  text.append(more).append("\r\n");
  stream_.write(text);
  return read_http_reply(stream_, buffer_, method != "HEAD");
}

std::string HttpClient::read_rest() {
  while (stream_.read_some(buffer_) > 0) {
  }
  return std::exchange(buffer_, {});
}

Frame HttpClient::read_frame() {
  const Deadline deadline;
  while (true) {
    if (std::optional<Frame> frame = take_frame(buffer_)) return *frame;
    read_more(stream_, buffer_, deadline);
  }
}

HttpReply http_get(std::uint16_t port, std::string_view path) {
  return HttpClient(port).request("GET", path);
}

}  // namespace peer::test
