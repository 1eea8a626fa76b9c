#include "core/net/websocket/frame_memory.h"

#include <array>
#include <cstdlib>
#include <new>
#include <utility>

// Lists of free pieces, by size: each free piece begins with a pointer to the next one of its list.
// In: pieces that are not needed. Out: the one that came last, whose bytes are still in the cache.
// A thread's lists end with it.
namespace peer {
namespace {

// A sanitizer is to see when a frame is used that has been given back.
#ifdef PEER_SANITIZED
constexpr bool kKeeps = false;
#else
constexpr bool kKeeps = true;
#endif

constexpr std::size_t kKinds = FrameMemory::kLargestKept / FrameMemory::kStep;
static_assert(kKinds <= 0xFF);

struct FreePiece {
  FreePiece* next;
};

struct FreeList {
  FreePiece* first;
  std::size_t room;  // for so many more pieces
};

enum class Stage : unsigned char { kNew, kInUse, kEnded };

// Plain data, so that there is no look whether it has been made: a list without room goes the slow
// way, which opens the lists of a thread.
constinit thread_local std::array<FreeList, kKinds + 1> lists{};
constinit thread_local Stage stage = Stage::kNew;

constexpr std::size_t size_of(std::size_t kind) { return kind * FrameMemory::kStep; }

// Frames that outlive the lists of their thread are freed.
struct Closer {
  ~Closer() {
    stage = Stage::kEnded;
    for (FreeList& list : lists) {
      list.room = 0;
      while (list.first != nullptr) std::free(std::exchange(list.first, list.first->next));
    }
  }
};

// There is no room: at first, because the lists are not open.
void give_to_full(void* bytes, std::uint8_t kind) {
  if (stage != Stage::kNew || kind == 0 || !kKeeps) return std::free(bytes);
  stage = Stage::kInUse;
  static thread_local const Closer closer;
  for (std::size_t i = 1; i <= kKinds; ++i) lists[i].room = FrameMemory::kKeptOfASize / size_of(i);
  FrameMemory::give_back(bytes, kind);
}

}  // namespace

FrameMemory FrameMemory::take(std::size_t size) {
  // Of kind 0, which is never kept, are those that are too large.
  const std::size_t kind = size <= kLargestKept ? (size + kStep - 1) / kStep : 0;
  FreeList& list = lists[kind];
  if (list.first != nullptr) {
    FreePiece* const piece = std::exchange(list.first, list.first->next);
    ++list.room;
    return {piece, size_of(kind), static_cast<std::uint8_t>(kind)};
  }
  const std::size_t wanted = kind == 0 ? size : size_of(kind);
  void* const bytes = std::malloc(wanted);
  if (bytes == nullptr) throw std::bad_alloc();
  return {bytes, wanted, static_cast<std::uint8_t>(kind)};
}

void FrameMemory::give_back(void* bytes, std::uint8_t kind) noexcept {
  FreeList& list = lists[kind];
  if (list.room == 0) return give_to_full(bytes, kind);
  --list.room;
  list.first = new (bytes) FreePiece{list.first};
}

bool FrameMemory::keeps() { return kKeeps; }

std::size_t FrameMemory::kept() {
  std::size_t kept = 0;
  for (std::size_t kind = 1; kind <= kKinds; ++kind) {
    for (const FreePiece* piece = lists[kind].first; piece != nullptr; piece = piece->next) {
      kept += size_of(kind);
    }
  }
  return kept;
}

}  // namespace peer
