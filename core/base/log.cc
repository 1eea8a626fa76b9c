#include "core/base/log.h"

#include <Poco/Logger.h>
#include <Poco/Message.h>

#include <atomic>
#include <string_view>

namespace peer {
namespace {

std::atomic<bool> addresses_wanted{true};
std::atomic<std::uint64_t> lost_lines{0};

Poco::Logger& logger() {
  // Looked up once: get() takes a lock and searches by name.
  static Poco::Logger& instance = Poco::Logger::get("peer");
  return instance;
}

void write(const std::string& line, Poco::Message::Priority priority, LogFields fields) {
  if (!logger().is(priority)) return;
  Poco::Message message(logger().name(), line, priority);
  for (const auto& [name, value] : fields) {
    const bool wanted = name != std::string_view("address") || addresses_wanted;
    if (wanted) message.set(name, value);
  }
  logger().log(message);
}

}  // namespace

void log_error(const std::string& line) { logger().error(line); }
void log_info(const std::string& line) { logger().information(line); }

void log_warning(const std::string& line, LogFields fields) {
  write(line, Poco::Message::PRIO_WARNING, fields);
}

void log_counted_warning(const std::string& line) {
  write(line, Poco::Message::PRIO_WARNING, {{kCountedLine, ""}});
}

void log_notice(const std::string& line, LogFields fields) {
  write(line, Poco::Message::PRIO_NOTICE, fields);
}

void log_change(const std::string& line, const std::string& token, const std::string& target) {
  write(line, Poco::Message::PRIO_NOTICE, {{"token", token}, {"target", target}, {kEveryLine, ""}});
}

void log_debug(const std::string& line, LogFields fields) {
  write(line, Poco::Message::PRIO_DEBUG, fields);
}

bool log_debug_enabled() { return logger().debug(); }
void set_log_addresses(bool on) { addresses_wanted = on; }
bool log_addresses_wanted() { return addresses_wanted; }
std::uint64_t lost_log_lines() { return lost_lines; }
void count_lost_log_line() { ++lost_lines; }

}  // namespace peer
