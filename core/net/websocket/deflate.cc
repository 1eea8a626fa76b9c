#include "core/net/websocket/deflate.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <limits>
#include <new>
#include <string_view>
#include <utility>

// zlib, as permessage-deflate wants it (RFC 7692 7.2). In: payloads, whole or in pieces. Out:
// payloads, or what is wrong with them. The streams belong to one loop, and its thread alone uses
// them.
//
// Negative window bits mean raw DEFLATE, without zlib's header. Two rules must hold. A verdict does
// not depend on how the input was cut. And what comes out is bounded while it comes out: of a small
// message that would inflate to gigabytes, at most one chunk beyond the limit is inflated.
namespace peer {
namespace {

// Every compressed message ends with these bytes, which are not sent (RFC 7692 7.2.1).
constexpr std::array<std::uint8_t, 4> kTail{0x00, 0x00, 0xFF, 0xFF};
constexpr std::size_t kChunk = 16 * 1024;
constexpr std::size_t kIdleInflaters = 4;
// Room that an idle deflater keeps for the next message.
constexpr std::size_t kKeptRoom = 256 * 1024;
constexpr int kMemoryLevel = 8;
// zlib's bit in data_type: the last block is complete.
constexpr int kBetweenBlocks = 128;

Bytef* input(std::span<const std::uint8_t> bytes) { return const_cast<Bytef*>(bytes.data()); }

void check(int code) {
  if (code != Z_OK) throw std::bad_alloc();  // all that can go wrong with sound parameters
}

}  // namespace

void Inflater::End::operator()(z_stream_s* stream) const {
  ::inflateEnd(stream);
  delete stream;
}

Inflater::Inflater() : stream_(new z_stream_s{}) {
  // The largest window reads what was written with any smaller one.
  check(::inflateInit2(stream_.get(), -kMaxWindowBits));
}

Inflater::~Inflater() = default;

void Inflater::reset() {
  check(::inflateReset(stream_.get()));
  after_final_block_ = false;
}

InflateResult Inflater::feed(std::span<const std::uint8_t> piece, std::uint64_t max_size,
                             std::vector<std::uint8_t>& message) {
  assert(piece.size() <= std::numeric_limits<uInt>::max());
  if (piece.empty()) return InflateResult::kOk;
  stream_->next_in = input(piece);
  stream_->avail_in = static_cast<uInt>(piece.size());
  for (;;) {
    std::array<std::uint8_t, kChunk> chunk;
    stream_->next_out = chunk.data();
    stream_->avail_out = kChunk;
    const int code = ::inflate(stream_.get(), Z_SYNC_FLUSH);
    if (code == Z_MEM_ERROR) throw std::bad_alloc();
    // The bytes that came out before an error count: verdicts must not depend on how the input was
    // cut.
    const std::size_t produced = kChunk - stream_->avail_out;
    // The limit may have been lowered since the message began.
    const std::uint64_t room = max_size - std::min<std::uint64_t>(max_size, message.size());
    const std::size_t kept = std::min<std::uint64_t>(produced, room);
    message.insert(message.end(), chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(kept));
    if (kept < produced) return InflateResult::kTooBig;
    if (code != Z_OK && code != Z_BUF_ERROR && code != Z_STREAM_END) return corruption();
    // Z_BUF_ERROR: nothing was left to do, so the end of a final block still is the end.
    if (code != Z_BUF_ERROR) after_final_block_ = code == Z_STREAM_END;
    // A final block need not be the last one of a message (RFC 7692 7.2.3.4): the window stays.
    if (code == Z_STREAM_END) check(::inflateResetKeep(stream_.get()));
    if (stream_->avail_in == 0 && stream_->avail_out > 0) return InflateResult::kOk;
  }
}

InflateResult Inflater::corruption() const {
  // zlib has no code for this, only these words.
  const bool too_far =
      stream_->msg != nullptr && std::string_view(stream_->msg) == "invalid distance too far back";
  return too_far ? InflateResult::kNeedsEarlier : InflateResult::kCorrupt;
}

InflateResult Inflater::finish(std::uint64_t max_size, std::vector<std::uint8_t>& message) {
  if (after_final_block_) return InflateResult::kOk;
  const InflateResult result = feed(kTail, max_size, message);
  if (result != InflateResult::kOk) return result;
  return (stream_->data_type & kBetweenBlocks) != 0 ? InflateResult::kOk : InflateResult::kCorrupt;
}

void Inflaters::GiveBack::operator()(Inflater* inflater) const {
  std::unique_ptr<Inflater> idle(inflater);
  // A burst of messages in pieces must not leave its inflaters behind.
  if (owner->idle_.size() < kIdleInflaters) owner->idle_.push_back(std::move(idle));
}

Inflaters::Ref Inflaters::take() {
  std::unique_ptr<Inflater> inflater;
  if (idle_.empty()) {
    idle_.reserve(kIdleInflaters);  // giving back must not fail
    inflater = std::make_unique<Inflater>();
  } else {
    inflater = std::move(idle_.back());
    idle_.pop_back();
    inflater->reset();
  }
  return {inflater.release(), GiveBack{this}};
}

void Deflater::End::operator()(z_stream_s* stream) const {
  ::deflateEnd(stream);
  delete stream;
}

// The fastest level: on a loop that serves thousands, time is dearer than the last bytes.
Deflater::Deflater(std::uint8_t window_bits) : stream_(new z_stream_s{}) {
  assert(window_bits >= kMinWindowBits && window_bits <= kMaxWindowBits);
  check(::deflateInit2(stream_.get(), Z_BEST_SPEED, Z_DEFLATED, -window_bits, kMemoryLevel,
                       Z_DEFAULT_STRATEGY));
}

Deflater::~Deflater() = default;

std::span<const std::uint8_t> Deflater::deflate(std::span<const std::uint8_t> message) {
  assert(message.size() <= std::numeric_limits<uInt>::max());
  check(::deflateReset(stream_.get()));
  if (out_.size() > kKeptRoom) std::vector<std::uint8_t>().swap(out_);
  out_.resize(std::max<std::size_t>(
      out_.size(), ::deflateBound(stream_.get(), message.size()) + 2 * kTail.size()));
  stream_->next_in = input(message);
  stream_->avail_in = static_cast<uInt>(message.size());
  std::size_t size = 0;
  do {
    // deflateBound() is no bound for a flush (zlib.h). As long as the output is full, zlib may have
    // more to say.
    if (size == out_.size()) out_.resize(2 * size);
    stream_->next_out = out_.data() + size;
    stream_->avail_out = static_cast<uInt>(out_.size() - size);
    const int code = ::deflate(stream_.get(), Z_SYNC_FLUSH);
    if (code != Z_BUF_ERROR) check(code);
    size = out_.size() - stream_->avail_out;
  } while (stream_->avail_out == 0);
  return std::span(out_).first(size - kTail.size());
}

}  // namespace peer
