#include "tools/peer-bench/report.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace peer::bench {
namespace {

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (byte < 0x20 || byte >= 0x7f) {
      // A server's bytes are not always UTF-8: show them as Latin-1.
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\u%04x", static_cast<unsigned>(byte));
      out += escape.data();
    } else {
      out += c;
    }
  }
  return out + "\"";
}

}  // namespace

void Report::text(std::string_view name, std::string_view value) {
  const std::string safe = json_string(value);
  fields_.push_back({std::string(name), safe, safe.substr(1, safe.size() - 2)});
}

void Report::count(std::string_view name, std::uint64_t value) {
  fields_.push_back({std::string(name), std::to_string(value), std::to_string(value)});
}

void Report::number(std::string_view name, double value) {
  // Room for the longest double in this form. JSON has no infinity and no NaN.
  std::array<char, 400> digits{};
  std::snprintf(digits.data(), digits.size(), "%.3f", std::isfinite(value) ? value : 0.0);
  fields_.push_back({std::string(name), digits.data(), digits.data()});
}

void Report::flag(std::string_view name, bool value) {
  fields_.push_back({std::string(name), value ? "true" : "false", value ? "yes" : "no"});
}

std::string Report::json() const {
  std::string out = "{";
  for (const Field& field : fields_) {
    if (out.size() > 1) out += ",";
    out += json_string(field.name) + ":" + field.json;
  }
  return out + "}\n";
}

std::string Report::table() const {
  std::size_t width = 0;
  for (const Field& field : fields_) width = std::max(width, field.name.size());
  std::string out;
  for (const Field& field : fields_) {
    out += field.name + std::string(width + 2 - field.name.size(), ' ') + field.readable + "\n";
  }
  return out;
}

}  // namespace peer::bench
