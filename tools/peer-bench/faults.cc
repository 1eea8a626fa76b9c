#include "tools/peer-bench/faults.h"

#include <numeric>

namespace peer::bench {

std::string_view name_of(Fault fault) {
  switch (fault) {
    case Fault::kLost:
      return "lost";
    case Fault::kDuplicated:
      return "duplicated";
    case Fault::kReordered:
      return "reordered";
    case Fault::kAltered:
      return "altered";
    case Fault::kWrongSender:
      return "wrong_sender";
    case Fault::kMisrouted:
      return "misrouted";
    case Fault::kErrorReply:
      return "error_reply";
    case Fault::kUnexpected:
      return "unexpected";
    case Fault::kDisconnected:
      return "disconnected";
  }
  return "unknown";
}

void Faults::add(Fault fault, std::string_view detail, std::uint64_t count) {
  if (count == 0) return;
  counts_[static_cast<std::size_t>(fault)] += count;
  if (first_.empty()) first_.append(name_of(fault)).append(": ").append(detail);
}

std::uint64_t Faults::total() const {
  return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0});
}

}  // namespace peer::bench
