// A line that is read says the same when its hops are written down again.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/net/http/forwarded.h"

namespace {

std::string written(const std::vector<std::string>& hops) {
  std::string line;
  for (const std::string& hop : hops) {
    line += line.empty() ? "for=\"" : ", for=\"";
    for (const char c : hop) {
      if (c == '"' || c == '\\') line.push_back('\\');
      line.push_back(c);
    }
    line.push_back('"');
  }
  return line;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto hops =
      peer::read_forwarded(std::string_view(reinterpret_cast<const char*>(data), size));
  if (hops && (hops->empty() || peer::read_forwarded(written(*hops)) != hops)) std::abort();
  return 0;
}
