#pragma once

#include <cstdint>

namespace peer::test {

/// A port of 127.0.0.1 that nobody listens on now, for programs that cannot take one themselves.
std::uint16_t free_port();

}  // namespace peer::test
