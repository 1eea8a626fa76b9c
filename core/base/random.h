#pragma once

#include <cstddef>
#include <string>

namespace peer {

/// `bytes` bytes from the system's cryptographic random source, as lower-case hex. Thread-safe.
[[nodiscard]] std::string random_hex(std::size_t bytes);

}  // namespace peer
