// A header reads the same however it is cut: incomplete up to its last byte, and of the same size
// and client whatever follows. What is invalid stays so.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/net/proxy_protocol.h"

namespace {

using Status = peer::ProxyHeaderRead::Status;

void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  const peer::ProxyHeaderRead whole = peer::read_proxy_header(input);
  require(whole.status != Status::kIncomplete || size < peer::kMaxProxyHeader);
  require(whole.status != Status::kComplete || (whole.size > 0 && whole.size <= size));
  require(whole.size <= peer::kMaxProxyHeader);
  bool decided = false;
  for (std::size_t cut = 0; cut <= size && !decided; ++cut) {
    const std::string part = input.substr(0, cut);
    const peer::ProxyHeaderRead read = peer::read_proxy_header(part);
    decided = read.status != Status::kIncomplete;
    if (!decided) continue;
    require(read.status == whole.status);
    require(read.size == whole.size && read.client == whole.client);
    require(read.status != Status::kComplete || read.size == cut);
  }
  require(decided == (whole.status != Status::kIncomplete));
  return 0;
}
