#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

struct redisReader;
struct redisReply;

namespace peer_redis {

/// One reply of Redis. The accessors answer for whatever type it is: a reply is hostile input.
class Reply {
 public:
  Reply() = default;
  /// A view: `reply` outlives it. Null is a reply of no type.
  explicit Reply(const redisReply* reply) : reply_(reply) {}

  [[nodiscard]] bool is_error() const;
  /// An error by which the command or script did not start: proof that nothing was done. What goes
  /// wrong inside a script is not among them: what it did before that is unknown.
  [[nodiscard]] bool is_refusal() const;
  /// Redis' `maxmemory` is reached: a script that brings something new did not begin to write.
  [[nodiscard]] bool is_full() const;
  /// Text of a string, status or error; else empty.
  [[nodiscard]] std::string_view text() const;
  /// An integer, or a string that is one; 0 for anything else.
  [[nodiscard]] std::int64_t integer() const;
  [[nodiscard]] std::size_t size() const;  ///< elements of an array; else 0
  /// An element; empty beyond the end.
  [[nodiscard]] Reply operator[](std::size_t index) const;

 private:
  const redisReply* reply_ = nullptr;
};

/// Parses what Redis sends, with bounds: 64 MiB and a million elements for one reply.
class ReplyReader {
 public:
  ReplyReader();
  ~ReplyReader();
  ReplyReader(const ReplyReader&) = delete;
  ReplyReader& operator=(const ReplyReader&) = delete;

  /// False: what came is not RESP or is too much; the connection is of no use any more.
  [[nodiscard]] bool feed(std::string_view bytes);

  struct Free {
    void operator()(redisReply* reply) const;
  };
  using Owned = std::unique_ptr<redisReply, Free>;
  /// The next whole reply; null when there is none yet, or when failed().
  Owned next();
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  redisReader* reader_;
  std::size_t unfinished_ = 0;  ///< bytes since the last whole reply
  bool failed_ = false;
};

/// Appends a command in RESP.
void append_command(std::string& out, std::span<const std::string_view> arguments);

/// Whether Redis has done what it was asked: null is a lost link, an error a refusal.
inline bool has_answered(const Reply* reply) { return reply != nullptr && !reply->is_error(); }
/// The same of a script that says 1 for yes.
inline bool says_yes(const Reply* reply) { return has_answered(reply) && reply->integer() == 1; }

}  // namespace peer_redis
