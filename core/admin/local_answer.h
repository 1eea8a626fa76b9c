#pragma once

#include "core/admin/question.h"
#include "core/base/unique_task.h"
#include "core/net/event_loop.h"
#include "core/server/node.h"

namespace peer {

/// Bytes of the entries of one answer, at most, but for a single entry. A page that is larger is
/// shorter.
inline constexpr std::size_t kMostAnswerBytes = 1024 * 1024;

/// What this node has to say to a question. Walks through directories on `loop`, which serves no
/// peers and whose thread this is; each peer is asked about on its own loop, a few of them in one
/// task. `done` runs on `loop`, at once or later. It never runs when a loop hangs or has ended, so
/// its caller keeps a deadline of its own.
void answer_here(Node& node, EventLoop& loop, const NodeQuestion& question,
                 UniqueTask<void(NodeAnswer)> done);

}  // namespace peer
