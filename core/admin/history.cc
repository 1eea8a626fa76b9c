#include "core/admin/history.h"

#include <algorithm>
#include <charconv>
#include <cmath>

// The past of a node for the plots of the console. In: a sample every few seconds, on the loop of
// the Server API. Out: JSON by columns, which is a third of what a list of objects would be.
namespace peer {
namespace {

constexpr milliseconds kShortestInterval{100};

milliseconds interval_for(milliseconds span) {
  return std::max(span / static_cast<int>(History::kMostSamples), kShortestInterval);
}

/// At most three digits behind the point, as few as it takes.
void append_number(std::string& out, float value) {
  std::array<char, 64> text;
  const double rounded = std::round(static_cast<double>(value) * 1000) / 1000;
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), rounded, std::chars_format::fixed);
  out.append(text.data(), end.ptr);
}

}  // namespace

History::History(milliseconds span)
    : interval_(interval_for(span)),
      capacity_(
          std::clamp<std::size_t>(static_cast<std::size_t>(span / interval_), 1, kMostSamples)) {}

void History::add(const Sample& sample) {
  if (samples_.size() == capacity_) samples_.pop_front();
  samples_.push_back(sample);
}

std::string History::to_json(std::int64_t after) const {
  const auto first = std::find_if(samples_.begin(), samples_.end(),
                                  [&](const Sample& sample) { return sample.at > after; });
  std::string json = "{\"interval_ms\":" + std::to_string(interval_.count()) + ",\"at\":[";
  for (auto at = first; at != samples_.end(); ++at) {
    if (at != first) json.push_back(',');
    json.append(std::to_string(at->at));
  }
  json.append("],\"series\":{");
  for (std::size_t i = 0; i < kSeriesNames.size(); ++i) {
    json.append(i > 0 ? ",\"" : "\"").append(kSeriesNames[i]).append("\":[");
    for (auto at = first; at != samples_.end(); ++at) {
      if (at != first) json.push_back(',');
      append_number(json, at->values[i]);
    }
    json.push_back(']');
  }
  return json + "}}";
}

}  // namespace peer
