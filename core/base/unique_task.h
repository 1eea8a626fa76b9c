#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace peer {

template <typename Signature, std::size_t words = 4>
class UniqueTask;

/// A function that is kept to be called later, as std::function keeps one. It cannot be copied: so
/// it may hold what cannot be copied either, such as an Operation, and nothing that it holds is
/// copied behind anybody's back. A function of at most `words` pointers is held without an
/// allocation, if moving it cannot throw. It may be called more than once. One thread at a time; a
/// task may be handed over to another thread.
///
/// The function, with all that it holds, lives until the task is destroyed, moved away or replaced:
/// a call does not end it. So a task that shall let go of what it holds, such as an Operation, is
/// destroyed by its holder after the call. An exception of the function comes out of the call: an
/// EventLoop logs it and goes on, and other holders have to catch it themselves.
template <typename... Arguments, std::size_t words>
class UniqueTask<void(Arguments...), words> {
 public:
  UniqueTask() = default;  ///< none
  /// Takes over the function. Throws std::bad_alloc when there is no room for a large one.
  template <typename Function>
  requires(!std::same_as<std::remove_cvref_t<Function>, UniqueTask> &&
           std::invocable<std::decay_t<Function>&, Arguments...>)
      UniqueTask(Function&& function) {  // NOLINT(google-explicit-constructor): as std::function
    keep(std::forward<Function>(function));
  }
  /// Leaves `other` without a function.
  UniqueTask(UniqueTask&& other) noexcept { take(other); }
  /// Destroys the function that was here first; its destructor must not use this task.
  UniqueTask& operator=(UniqueTask&& other) noexcept {
    if (this != &other) {
      drop();
      take(other);
    }
    return *this;
  }
  /// The same with a function, which is moved once: into this task.
  template <typename Function>
  requires(!std::same_as<std::remove_cvref_t<Function>, UniqueTask> &&
           std::invocable<std::decay_t<Function>&, Arguments...>) UniqueTask&
  operator=(Function&& function) {
    drop();
    keep(std::forward<Function>(function));
    return *this;
  }
  UniqueTask(const UniqueTask&) = delete;
  UniqueTask& operator=(const UniqueTask&) = delete;
  ~UniqueTask() { drop(); }

  /// Whether there is a function.
  explicit operator bool() const { return kind_ != nullptr; }
  /// There must be a function.
  void operator()(Arguments... arguments) {
    kind_->run(&room_, std::forward<Arguments>(arguments)...);
  }

 private:
  using Room = std::array<void*, words>;

  // What can be done with a function of one type, without knowing the type: one table for each,
  // which all tasks with such a function share.
  struct Kind {
    void (*run)(void* room, Arguments... arguments);
    void (*move)(void* from, void* to) noexcept;
    void (*drop)(void* room) noexcept;
  };

  // A function that may throw when it is moved goes to the heap: moving a task must not fail.
  template <typename Kept>
  static constexpr bool kFits =
      sizeof(Kept) <= sizeof(Room) &&
      alignof(Kept) <= alignof(Room) && std::is_nothrow_move_constructible_v<Kept>;

  template <typename Kept>
  static constexpr Kind kInside{
      [](void* room, Arguments... arguments) {
        (*static_cast<Kept*>(room))(std::forward<Arguments>(arguments)...);
      },
      [](void* from, void* to) noexcept {
        new (to) Kept(std::move(*static_cast<Kept*>(from)));
        static_cast<Kept*>(from)->~Kept();
      },
      [](void* room) noexcept { static_cast<Kept*>(room)->~Kept(); }};

  template <typename Kept>
  static constexpr Kind kOutside{
      [](void* room, Arguments... arguments) {
        (**static_cast<Kept**>(room))(std::forward<Arguments>(arguments)...);
      },
      [](void* from, void* to) noexcept { new (to) Kept*(*static_cast<Kept**>(from)); },
      [](void* room) noexcept { delete *static_cast<Kept**>(room); }};

  /// Where there is no function.
  template <typename Function>
  void keep(Function&& function) {
    using Kept = std::decay_t<Function>;
    if constexpr (kFits<Kept>) {
      new (&room_) Kept(std::forward<Function>(function));
      kind_ = &kInside<Kept>;
    } else {
      new (&room_) Kept*(new Kept(std::forward<Function>(function)));
      kind_ = &kOutside<Kept>;
    }
  }
  void take(UniqueTask& other) noexcept {
    if (other.kind_ != nullptr) other.kind_->move(&other.room_, &room_);
    kind_ = std::exchange(other.kind_, nullptr);
  }
  void drop() noexcept {
    if (kind_ != nullptr) kind_->drop(&room_);
    kind_ = nullptr;
  }

  Room room_;  // the function itself, or a pointer to it; nothing is in it without a kind
  const Kind* kind_ = nullptr;
};

}  // namespace peer
