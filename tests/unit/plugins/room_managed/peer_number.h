#pragma once

#include <cstdint>

#include <peer/sdk/types.h>

namespace peer_managed {

inline peer::sdk::Fingerprint peer_number(std::uint8_t number) {
  peer::sdk::Fingerprint peer;
  peer.bytes.fill(number);
  return peer;
}

}  // namespace peer_managed
