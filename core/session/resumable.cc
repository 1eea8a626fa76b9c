#include "core/session/resumable.h"

#include <algorithm>
#include <utility>

namespace peer {

void KeptFrames::push(FrameRef frame) {
  if (count_ == capacity_) grow();
  frames_[index(count_++)] = std::move(frame);
}

std::size_t KeptFrames::pop() {
  const FrameRef oldest = std::exchange(frames_[head_], FrameRef());
  const std::size_t size = oldest.size();
  head_ = (head_ + 1) & (capacity_ - 1);
  if (handed_out_ > 0) --handed_out_;
  if (--count_ == 0) *this = KeptFrames();
  return size;
}

void KeptFrames::grow() {
  constexpr std::uint32_t kFirst = 4;
  const std::uint32_t capacity = std::max(kFirst, 2 * capacity_);
  auto frames = std::make_unique<FrameRef[]>(capacity);
  for (std::uint32_t i = 0; i < count_; ++i) frames[i] = std::move(frames_[index(i)]);
  frames_ = std::move(frames);
  capacity_ = capacity;
  head_ = 0;
}

}  // namespace peer
