#include "core/net/websocket/subprotocols.h"

#include <algorithm>
#include <string_view>

namespace peer {
namespace {

std::string_view without_space(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace

const std::string* first_offered(const HttpRequest& request,
                                 const std::vector<std::string>& listed) {
  if (listed.empty()) return nullptr;
  for (const std::string& header : request.all("Sec-WebSocket-Protocol")) {
    std::string_view rest = header;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(','), rest.size());
      const std::string_view offered = without_space(rest.substr(0, end));
      const auto found = std::find(listed.begin(), listed.end(), offered);
      if (found != listed.end()) return &*found;
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return nullptr;
}

}  // namespace peer
