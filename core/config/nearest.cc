#include "core/config/nearest.h"

#include <algorithm>
#include <numeric>

namespace peer {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Levenshtein's distance, where two neighbours that have changed places count as one mistake,
/// with three rows of the table at a time.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  std::vector<std::size_t> above = row;
  std::vector<std::size_t> above_that = row;
  const auto equal = [&](std::size_t i, std::size_t j) { return lower(a[i]) == lower(b[j]); };
  for (std::size_t i = 0; i < a.size(); ++i) {
    above_that.swap(above);
    above.swap(row);
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      row[j + 1] = std::min({above[j] + (equal(i, j) ? 0 : 1), row[j] + 1, above[j + 1] + 1});
      if (i == 0 || j == 0 || !equal(i, j - 1) || !equal(i - 1, j)) continue;
      row[j + 1] = std::min(row[j + 1], above_that[j - 1] + 1);
    }
  }
  return row.back();
}

}  // namespace

std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& known) {
  constexpr std::size_t kLongestWord = 64;  // the distance takes time of length x length
  if (word.empty() || word.size() > kLongestWord) return std::nullopt;
  std::size_t limit = std::max<std::size_t>(1, word.size() / 3);
  std::optional<std::string> best;
  for (const std::string& candidate : known) {
    const std::size_t d = distance(word, candidate);
    // Of several that are equally near the first stays, in the order of the table.
    if (d > limit || (best && d == limit)) continue;
    limit = d;
    best = candidate;
  }
  return best;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& known) {
  const auto match = nearest(word, known);
  return match ? "; did you mean '" + *match + "'?" : "";
}

}  // namespace peer
