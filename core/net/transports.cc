#include <sys/epoll.h>

#include <utility>

#include "core/net/epoll_events.h"
#include "core/net/event_loop.h"
#include "core/net/packed_ref.h"

// Sessions that outlive their connection, and connections that come to carry another session. A
// loop's table has one number for both. So a session that loses its connection keeps the slot, and
// the connection moves to a slot of its own, where it ends; a connection that is to carry a
// session, from this loop or another one, moves to that session's slot. The session itself never
// moves: hub, rooms, tickets and mail name it as before, and nobody need be told.
//
// All on the loop's thread, and while none of the connection's methods is under way.
namespace peer {

const EventLoop::Detached* EventLoop::find_detached(SessionRef ref) const {
  if (detached_.empty() || ref.loop != index_ || ref.slot >= generations_.size()) return nullptr;
  if (generations_[ref.slot] != ref.generation) return nullptr;
  const auto at = detached_.find(ref.slot);
  return at == detached_.end() ? nullptr : &at->second;
}

EventLoop::Detached* EventLoop::find_detached(SessionRef ref) {
  return const_cast<Detached*>(std::as_const(*this).find_detached(ref));
}

void EventLoop::pause(SessionRef session) {
  if (Connection* connection = transport_of(session)) return connection->pause();
  if (Detached* detached = find_detached(session)) ++detached->pauses;
}

void EventLoop::resume(SessionRef session) {
  if (Connection* connection = transport_of(session)) return connection->resume();
  if (Detached* detached = find_detached(session)) --detached->pauses;
}

std::uint16_t EventLoop::pauses(SessionRef session) const {
  const Detached* detached = find_detached(session);
  return detached == nullptr ? std::uint16_t{0} : detached->pauses;
}

SessionRef EventLoop::add_detached(std::unique_ptr<ApplicationSession> session) {
  const ConnectionRef ref = next_ref();
  free_slots_.pop_back();
  detached_.emplace(ref.slot, Detached{std::move(session), 0});
  return {ref.slot, ref.loop, ref.generation};
}

void EventLoop::detach(Connection& connection) {
  const ConnectionRef old = connection.ref_;
  const ConnectionRef ref = next_ref();
  detached_.emplace(old.slot, Detached{std::move(connection.session),
                                       std::exchange(connection.pauses_, std::uint16_t{0})});
  connection.messages_ = Connection::Messages::kPlain;
  free_slots_.pop_back();
  connections_[ref.slot] = std::move(connections_[old.slot]);
  deadlines_[ref.slot] = std::exchange(deadlines_[old.slot], kNever);
  connection.ref_ = ref;
  epoll_event event{};
  event.events = connection.interest_;
  event.data.u64 = packed(ref);
  ::epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, connection.fd_, &event);
  if (connection.dirty_) dirty_.add(ref);
}

void EventLoop::forget(SessionRef session) {
  Detached* detached = find_detached(session);
  if (detached == nullptr) return;
  ended_sessions_.push_back(std::move(detached->session));
  detached_.erase(session.slot);
  ++generations_[session.slot];
  free_slots_.push_back(session.slot);
}

std::unique_ptr<Connection> EventLoop::take_out(Connection& connection) {
  const std::uint32_t slot = connection.ref_.slot;
  ::epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, connection.fd_, nullptr);
  count_queued(std::exchange(connection.stuck_bytes_, 0), 0);
  stats_.connections.fetch_sub(1, std::memory_order_relaxed);
  connection.dirty_ = false;
  connection.pauses_ = 0;
  std::unique_ptr<Connection> taken = std::move(connections_[slot]);
  ++generations_[slot];
  deadlines_[slot] = kNever;
  free_slots_.push_back(slot);
  return taken;
}

// Puts it into an empty slot, as if it had always been there.
Connection* EventLoop::watch_in(ConnectionRef ref, std::unique_ptr<Connection> connection) {
  if (!watch(epoll_fd_, connection->fd_, EPOLLIN, packed(ref))) {
    connection->leave_admission();
    return nullptr;
  }
  connection->loop_ = this;
  connection->ref_ = ref;
  connection->interest_ = EPOLLIN;
  Connection* placed = connection.get();
  connections_[ref.slot] = std::move(connection);
  stats_.connections.fetch_add(1, std::memory_order_relaxed);
  placed->mark_dirty();  // service() goes on with what it has read
  update_deadline(*placed);
  // It was nowhere when all were closed. Behind what the caller has to say to it.
  if (stopping_) {
    post([this, ref] {
      if (find(ref) != nullptr) close_slot(ref.slot);
    });
  }
  return placed;
}

Connection* EventLoop::attach(SessionRef session, std::unique_ptr<Connection> connection) {
  Detached* detached = find_detached(session);
  if (detached == nullptr) return nullptr;
  Connection* placed =
      watch_in({session.slot, session.loop, session.generation}, std::move(connection));
  if (placed == nullptr) return nullptr;
  placed->session = std::move(detached->session);
  placed->pauses_ = detached->pauses;
  detached_.erase(session.slot);
  return placed;
}

Connection* EventLoop::place(std::unique_ptr<Connection> connection) {
  Connection* placed = watch_in(next_ref(), std::move(connection));
  if (placed != nullptr) free_slots_.pop_back();
  return placed;
}

}  // namespace peer
