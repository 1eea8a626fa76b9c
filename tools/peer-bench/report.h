#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace peer::bench {

/// The result of a run: names and values in one order, as one JSON object and as a table. The order
/// of the calls is the order of both. One thread. Names are written as they are: words of this
/// program, each once.
class Report {
 public:
  /// Words, which may come from the server: escaped.
  void text(std::string_view name, std::string_view value);
  void count(std::string_view name, std::uint64_t value);
  /// Three digits behind the point.
  void number(std::string_view name, double value);
  void flag(std::string_view name, bool value);

  /// One line.
  [[nodiscard]] std::string json() const;
  /// One line for each field.
  [[nodiscard]] std::string table() const;

 private:
  struct Field {
    std::string name;
    std::string json;
    std::string readable;
  };
  std::vector<Field> fields_;
};

}  // namespace peer::bench
