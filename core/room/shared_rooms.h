#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include <peer/sdk/broker.h>
#include <peer/sdk/plugin.h>

#include "core/plugin/plugin_calls.h"
#include "core/room/own_rooms.h"

namespace peer {

/// What all nodes share, which a broker knows. What the broker cannot know is read from the node's
/// own directory; a change of that is still put before the broker, which remembers it for later.
class SharedRooms final : public RoomStore {
 public:
  /// `revision`: of the SDK that the broker was built with.
  SharedRooms(NamespaceDirectory& namespaces, sdk::Broker& broker, PluginCalls& calls,
              std::uint32_t revision = PEER_SDK_REVISION)
      : namespaces_(namespaces),
        own_(namespaces, OwnRooms::Elsewhere::kMayBe),
        broker_(broker),
        calls_(calls),
        revision_(revision) {}

  void read(RoomTask&& task, OnView then) override;
  void commit(RoomTask&& task, OnOutcome then) override;
  void join(RoomTask&& task, OnOutcome then) override;
  void withdraw(std::string_view ns, const sdk::Registered& peer) override;
  Left leave(Namespace& ns, std::uint64_t joined, const sdk::Registered& peer,
             const FrameRef& announcement, bool others_know, Time now) override;
  std::optional<Time> end_empty(Time now) override;
  void list(EventLoop& loop, std::uint64_t after, std::uint32_t limit, OnPage then) override;
  void refresh(Namespace& ns, std::uint64_t joined, const sdk::Registered& peer,
               std::string_view object) override;
  void watch(Namespace& ns, std::uint64_t joined, const sdk::Registered& peer,
             Watches watches) override;
  void use_max_empty_rooms(std::uint32_t most) override { max_empty_rooms_ = most; }

 private:
  using Step = void (SharedRooms::*)(RoomTask&& task, OnOutcome then);

  /// Makes the step when all sessions that come into the namespace now have come.
  void behind_comers(RoomTask&& task, OnOutcome then, Step step);
  void await_comers(std::unique_ptr<RoomTask> task, std::uint64_t last, OnOutcome then, Step step);
  void commit_shared(RoomTask&& task, OnOutcome then);
  void join_shared(RoomTask&& task, OnOutcome then);
  /// The task's change in the broker's words.
  [[nodiscard]] sdk::RoomCommit commit_of(const RoomTask& task) const;
  /// A room that the broker lists out of order ends the page, so that a client comes to an end.
  [[nodiscard]] RoomPage page_of(sdk::RoomPage&& shared, std::uint64_t after, std::uint32_t limit);
  /// Enters a newcomer that the broker has let in into this node's directory. `outcome` has the
  /// hold until then.
  void enter(RoomTask&& task, const sdk::JoinOutcome& outcome, OnOutcome then);
  RoomOutcome::Status status_of(const RoomTask& task, sdk::JoinStatus status);

  NamespaceDirectory& namespaces_;
  OwnRooms own_;
  sdk::Broker& broker_;
  PluginCalls& calls_;
  const std::uint32_t revision_;
  std::atomic<std::uint32_t> max_empty_rooms_{0};
};

}  // namespace peer
