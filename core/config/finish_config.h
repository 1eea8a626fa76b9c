#pragma once

#include "core/config/draft.h"

namespace peer {

/// The checks that need all layers: values that do not go together are mistakes. Gives the
/// `redis_...` keys to the broker plugin `redis`.
void finish_config(ConfigDraft& draft);

}  // namespace peer
