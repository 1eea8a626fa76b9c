#include "core/wire/frame_text.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <string>

#include "core/protocol/json_bytes.h"
#include "core/protocol/json_text.h"

// The parts of frames. In: names, fingerprints, the time. Out: their JSON, behind what a builder
// has. The one state is the text of the latest time, of each thread.
namespace peer {
namespace {

constexpr std::size_t kFingerprintDigits = 64;

// The digits of the latest time that was written on this thread: it is the same for many frames.
struct TimeDigits {
  std::int64_t time = -1;
  std::array<char, 24> digits;
  std::size_t size = 0;
};
thread_local TimeDigits latest_time;

}  // namespace

FrameBuilder& append_json_string(FrameBuilder& out, std::string_view text) {
  const char* const end = text.data() + text.size();
  // Nearly always nothing in it is to be escaped.
  if (find_string_special(text.data(), end) != end) return out.append(json_string(text));
  return out.append("\"").append(text).append("\"");
}

FrameBuilder& append_hex(FrameBuilder& out, const Fingerprint& fingerprint) {
  char* const begin = out.extend(kFingerprintDigits + 2);
  begin[0] = begin[kFingerprintDigits + 1] = '"';
  write_hex(fingerprint, begin + 1);
  return out;
}

FrameBuilder& append_ts(FrameBuilder& out, sdk::Instant now) {
  TimeDigits& latest = latest_time;
  const std::int64_t time = now.time_since_epoch().count();
  if (latest.time != time || latest.size == 0) {
    char* const begin = latest.digits.data();
    const auto end = std::to_chars(begin, begin + latest.digits.size(), time).ptr;
    latest.size = static_cast<std::size_t>(end - begin);
    latest.time = time;
  }
  return out.append(",\"ts\":").append({latest.digits.data(), latest.size});
}

}  // namespace peer
