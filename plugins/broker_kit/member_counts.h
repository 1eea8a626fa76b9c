#pragma once

#include <cstdint>
#include <string_view>

#include "plugins/broker_kit/mirror.h"
#include "plugins/broker_kit/shared_state.h"

namespace peer_broker_kit {

/// Tells the server's loops how many members of a namespace are on other nodes. Loop thread only.
/// It has to be told of each change of the mirror that it counts: nothing here looks for itself.
class MemberCounts {
 public:
  MemberCounts(Mirror& mirror, SharedState& shared) : mirror_(mirror), shared_(shared) {}

  /// What is known of the namespace has changed.
  void tell(std::string_view ns, const Mirror::Namespace& here) {
    const std::uint64_t counted = here.total > here.own ? here.total - here.own : 0;
    shared_.set_elsewhere(ns, here.elsewhere ? here.elsewhere->size() : counted);
  }
  /// A member has gone, here or elsewhere; one of this node is out of the mirror already.
  void member_gone(std::string_view ns) {
    Mirror::Namespace* here = mirror_.find(ns);
    if (here == nullptr) return shared_.set_elsewhere(ns, 0);
    if (here->total > here->own) --here->total;
    tell(ns, *here);
  }

 private:
  /// What the loops read is a copy: the mirror is this thread's alone.
  Mirror& mirror_;
  SharedState& shared_;
};

}  // namespace peer_broker_kit
