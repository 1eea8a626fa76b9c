#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/room/room_store.h"

namespace peer {

/// The local view of this node. All answers come within the call, and nothing is allocated for
/// them.
class OwnRooms final : public RoomStore {
 public:
  /// Whether there may be members on other nodes, of which it knows nothing.
  enum class Elsewhere : std::uint8_t { kNobody, kMayBe };

  /// `events` is told of rooms that end with their last member; null: nobody is.
  OwnRooms(NamespaceDirectory& namespaces, Elsewhere elsewhere, Events* events = nullptr)
      : namespaces_(namespaces), elsewhere_(elsewhere), events_(events) {}

  void read(RoomTask&& task, OnView then) override;
  void commit(RoomTask&& task, OnOutcome then) override;
  void join(RoomTask&& task, OnOutcome then) override;
  void withdraw(std::string_view, const sdk::Registered&) override {}
  Left leave(Namespace& ns, std::uint64_t joined, const sdk::Registered& peer,
             const FrameRef& announcement, bool others_know, Time now) override;
  std::optional<Time> end_empty(Time now) override;
  void list(EventLoop& loop, std::uint64_t after, std::uint32_t limit, OnPage then) override;
  void refresh(Namespace& ns, std::uint64_t joined, const sdk::Registered& peer,
               std::string_view object) override;
  void watch(Namespace& ns, std::uint64_t joined, const sdk::Registered& peer,
             Watches watches) override;
  void use_max_empty_rooms(std::uint32_t most) override { namespaces_.use_max_empty_rooms(most); }

 private:
  /// As join(), whose task it leaves alone.
  RoomOutcome let_in(const RoomTask& task);

  NamespaceDirectory& namespaces_;
  const Elsewhere elsewhere_;
  Events* const events_;
};

}  // namespace peer
