#include "tests/support/event_reader.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "tests/support/admin_client.h"

namespace peer::test {

EventReader::EventReader(std::uint16_t port, const std::string& token, std::string_view path,
                         int receive_buffer)
    : stream_(Dial{.port = port, .receive_buffer = receive_buffer}) {
  stream_.write("GET " + std::string(path) +
                " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + token + "\r\n\r\n");
  while (buffer_.find("\r\n\r\n") == std::string::npos) {
    if (stream_.read_some(buffer_) == 0) throw std::runtime_error("no head: " + buffer_);
  }
  const std::size_t end = buffer_.find("\r\n\r\n") + 4;
  head_ = buffer_.substr(0, end);
  buffer_.erase(0, end);
  if (!head_.starts_with("HTTP/1.1 200 ")) throw std::runtime_error(head_);
  // Which is said once the reader hears.
  if (read_line(Deadline()) != ":") throw std::runtime_error("the stream does not begin");
}

std::string EventReader::read_line(Deadline deadline) {
  while (buffer_.find('\n') == std::string::npos) {
    if (stream_.read_some(buffer_, deadline) == 0) throw std::runtime_error("the stream has ended");
  }
  const std::size_t end = buffer_.find('\n');
  std::string line = buffer_.substr(0, end);
  buffer_.erase(0, end + 1);
  return line;
}

ServerEvent EventReader::next(Deadline deadline) {
  ServerEvent event;
  while (true) {
    const std::string line = read_line(deadline);
    if (line.starts_with("event: ")) event.kind = line.substr(7);
    if (line.starts_with("data: ")) event.data = Json::parse(line.substr(6));
    if (!line.empty() || event.kind.empty()) continue;
    EXPECT_EQ(fault_by_schema("Event_" + event.kind, event.data), "");
    return event;
  }
}

Json EventReader::next(std::string_view kind, Deadline deadline) {
  ServerEvent event = next(deadline);
  EXPECT_EQ(event.kind, kind) << event.data;
  return event.data;
}

Json EventReader::skip_to(std::string_view kind, Deadline deadline) {
  while (true) {
    ServerEvent event = next(deadline);
    if (event.kind == kind) return event.data;
  }
}

}  // namespace peer::test
