#include "core/log/log_output.h"

#include <Poco/Logger.h>

#include "core/base/log.h"

namespace peer {

LogOutput::LogOutput(const Config& config)
    : file_(new LineFile(config.log_file, config.log_format == "json" ? json_line : text_line)),
      queue_(new Poco::AsyncChannel(file_)),
      filter_(new RepeatFilter(queue_)) {
  queue_->setProperty("queueSize", std::to_string(kQueue));
  queue_->open();
  // The root's, which new loggers inherit, and those of the loggers that there are.
  Poco::Logger::root();
  Poco::Logger::setChannel("", filter_);
  use_log_settings(config);
}

LogOutput::~LogOutput() {
  filter_->sum_up(kNever);
  Poco::Logger::setChannel("", nullptr);
  queue_->close();
}

void use_log_settings(const Config& config) {
  Poco::Logger::setLevel("", Poco::Logger::parseLevel(config.log_level));
  set_log_addresses(config.log_addresses);
}

}  // namespace peer
