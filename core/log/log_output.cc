#include "core/log/log_output.h"

#include <Poco/Logger.h>

#include <memory>

#include "core/base/log.h"

namespace peer {
namespace {

LineFile::Format format_of(const Config& config) {
  return config.log_format == "json" ? json_line : text_line;
}

}  // namespace

LogOutput::LogOutput(const Config& config)
    : queue_(new LineQueue(std::make_unique<LineFile>(config.log_file, format_of(config)))),
      filter_(new RepeatFilter(queue_)) {
  // The root's channel, which new loggers inherit, and the channels of the loggers that there are.
  Poco::Logger::root();
  Poco::Logger::setChannel("", filter_);
  use_log_settings(config);
}

// The sums come first: they are lines, too, and need the queue.
LogOutput::~LogOutput() {
  filter_->sum_up(kNever);
  Poco::Logger::setChannel("", nullptr);
  queue_->close();
}

sdk::Result<void> check_log_file(const Config& config) {
  return LineFile(config.log_file, format_of(config)).reopen();
}

void write_log_line(const Config& config, const std::string& line) {
  LineFile file(config.log_file, format_of(config));
  [[maybe_unused]] const auto opened = file.reopen();
  file.write({"peer", line, Poco::Message::PRIO_ERROR});
}

void use_log_settings(const Config& config) {
  Poco::Logger::setLevel("", Poco::Logger::parseLevel(config.log_level));
  set_log_addresses(config.log_addresses);
}

}  // namespace peer
