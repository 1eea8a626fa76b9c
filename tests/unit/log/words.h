#pragma once

#include <string>

#include <Poco/Message.h>

namespace peer {

/// A layout of log lines that is the text alone.
inline std::string words(const Poco::Message& message) { return message.getText(); }

}  // namespace peer
