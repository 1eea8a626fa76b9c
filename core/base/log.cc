#include "core/base/log.h"

#include <Poco/Logger.h>

namespace peer {
namespace {

Poco::Logger& logger() {
  static Poco::Logger& instance = Poco::Logger::get("peer");
  return instance;
}

}  // namespace

void log_error(const std::string& line) { logger().error(line); }
void log_warning(const std::string& line) { logger().warning(line); }
void log_info(const std::string& line) { logger().information(line); }
void log_debug(const std::string& line) { logger().debug(line); }
bool log_debug_enabled() { return logger().debug(); }

}  // namespace peer
