#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/hub/namespace_directory.h"

namespace peer::test {

/// Names a connection on a loop.
inline SessionRef ref_of(std::uint32_t loop, std::uint32_t slot, std::uint32_t generation = 0) {
  SessionRef ref;
  ref.loop = loop & 0xff;
  ref.slot = slot & 0xffffff;
  ref.generation = generation;
  return ref;
}

/// The payload of a frame of at most 65535 bytes.
inline std::string text_of(const FrameRef& frame) {
  const std::string bytes(frame.bytes().begin(), frame.bytes().end());
  return bytes.substr(static_cast<std::uint8_t>(bytes[1]) < 126 ? 2 : 4);
}

/// Who a delivery is for.
inline std::vector<SessionRef> receivers_of(const Delivery& delivery) {
  return delivery.many.empty() ? std::vector{delivery.to} : delivery.many;
}

/// Stands in for the loops: keeps what is posted. One thread.
class RecordingMail {
 public:
  NamespaceDirectory::Post post() {
    return [this](std::size_t loop, const Delivery& delivery) {
      for (const SessionRef to : receivers_of(delivery)) {
        went_astray_ = went_astray_ || to.loop != loop;
        sent_.emplace_back(to, text_of(delivery.frame));
      }
    };
  }

  /// What a connection has got, in order.
  std::vector<std::string> of(SessionRef to) const {
    std::vector<std::string> texts;
    for (const auto& [ref, text] : sent_) {
      if (ref == to) texts.push_back(text);
    }
    return texts;
  }
  /// Everything since the last call, in order.
  std::vector<std::pair<SessionRef, std::string>> take() { return std::exchange(sent_, {}); }
  /// Whether something was posted to a loop that is not its receiver's.
  bool went_astray() const { return went_astray_; }
  bool empty() const { return sent_.empty(); }
  void clear() { sent_.clear(); }

 private:
  std::vector<std::pair<SessionRef, std::string>> sent_;
  bool went_astray_ = false;
};

}  // namespace peer::test
