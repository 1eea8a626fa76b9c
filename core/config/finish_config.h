#pragma once

#include "core/config/draft.h"

namespace peer {

/// What can only be said once all layers are read: values that do not go together, and what this
/// version of the server does not have. Gives the `redis_...` keys to the broker plugin `redis`.
void finish_config(ConfigDraft& draft);

}  // namespace peer
