#pragma once

#include <string>
#include <vector>

#include "core/config/load_config.h"

namespace peer {

/// What the configuration of this text is refused for; nothing: it is taken.
inline std::vector<std::string> mistakes_in(const std::string& text,
                                            const std::string& name = "c.yaml") {
  return load_config_text(text, name).mistakes;
}

}  // namespace peer
