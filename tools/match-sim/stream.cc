#include "tools/match-sim/stream.h"

#include <charconv>
#include <cmath>
#include <istream>
#include <optional>
#include <ostream>
#include <random>

namespace peer::match_sim {
namespace {

template <typename Number>
std::optional<Number> to_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::vector<std::string_view> split(std::string_view line) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t comma = line.find(',');
    parts.push_back(line.substr(0, comma));
    if (comma == line.npos) return parts;
    line.remove_prefix(comma + 1);
  }
}

/// What is wrong with the line; empty: nothing.
std::string read_line(std::string_view line, Arrival& arrival) {
  const auto parts = split(line);
  if (parts.size() < 2 || parts.size() > 4) return "expected time,rating,region,party";
  const auto seconds = to_number<double>(parts[0]);
  const auto rating = to_number<double>(parts[1]);
  if (!seconds || !(*seconds >= 0 && *seconds < 1e9)) return "time: expected seconds";
  if (!rating || !std::isfinite(*rating)) return "rating: expected a number";
  arrival.at = std::chrono::milliseconds(std::llround(*seconds * 1000));
  arrival.rating = *rating;
  if (parts.size() > 2) arrival.region = parts[2];
  if (parts.size() < 4 || parts[3].empty()) return {};
  const std::size_t colon = parts[3].rfind(':');
  const auto size =
      colon == parts[3].npos ? std::nullopt : to_number<std::uint32_t>(parts[3].substr(colon + 1));
  if (!size || *size == 0 || colon == 0) return "party: expected id:size";
  arrival.party = parts[3].substr(0, colon);
  arrival.party_size = *size;
  return {};
}

}  // namespace

sdk::Result<std::vector<Arrival>> read_stream(std::istream& in) {
  std::vector<Arrival> arrivals;
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty() || (number == 1 && line.starts_with("time"))) continue;
    Arrival arrival;
    std::string wrong = read_line(line, arrival);
    if (wrong.empty() && !arrivals.empty() && arrival.at < arrivals.back().at) {
      wrong = "time: earlier than that of the line before";
    }
    if (!wrong.empty()) return sdk::Error{"line " + std::to_string(number) + ": " + wrong};
    arrivals.push_back(std::move(arrival));
  }
  return arrivals;
}

void write_stream(std::ostream& out, const std::vector<Arrival>& arrivals) {
  out << "time,rating,region,party\n";
  for (const Arrival& arrival : arrivals) {
    out << static_cast<double>(arrival.at.count()) / 1000 << ',' << arrival.rating << ','
        << arrival.region << ',';
    if (!arrival.party.empty()) out << arrival.party << ':' << arrival.party_size;
    out << '\n';
  }
}

std::vector<Arrival> make_stream(std::size_t count, double per_second, std::uint64_t seed) {
  constexpr double kSigma = 1;
  std::mt19937_64 random(seed);
  std::normal_distribution<double> rating(1500, 300);
  // The mean of a log-normal variable is exp(mu + sigma^2 / 2).
  std::lognormal_distribution<double> gap(-std::log(per_second) - kSigma * kSigma / 2, kSigma);
  std::vector<Arrival> arrivals(count);
  double seconds = 0;
  for (Arrival& arrival : arrivals) {
    seconds += gap(random);
    arrival.at = std::chrono::milliseconds(std::llround(seconds * 1000));
    arrival.rating = std::round(rating(random));
  }
  return arrivals;
}

}  // namespace peer::match_sim
