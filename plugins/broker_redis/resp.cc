#include "resp.h"

#include <hiredis/hiredis.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <new>

// In: bytes of Redis, or of whoever answers in its place. Out: replies, each as a view that may be
// asked for anything: a reply of another form answers with nothing, so callers need no checks of
// their own. hiredis parses; the bounds on its sizes are ours.
namespace peer_redis {
namespace {

constexpr std::size_t kMaxReplyBytes = std::size_t{64} << 20;
constexpr int kMaxElements = 1 << 20;

const redisReplyObjectFunctions* plain_functions = nullptr;

/// Count is int in hiredis 0.14 (Debian 12), std::size_t in 1.2 (Debian 13).
template <typename Count>
void* create_array(const redisReadTask* task, Count elements) {
  if (elements > static_cast<Count>(kMaxElements)) return nullptr;
  return plain_functions->createArray(task, elements);
}

/// hiredis' own, but an array whose announced size alone would take gigabytes is refused.
redisReplyObjectFunctions* bounded_functions(const redisReader& reader) {
  static redisReplyObjectFunctions functions = [&reader] {
    plain_functions = reader.fn;
    redisReplyObjectFunctions bounded = *reader.fn;
    bounded.createArray = create_array;
    return bounded;
  }();
  return &functions;
}

}  // namespace

bool Reply::is_error() const { return reply_ != nullptr && reply_->type == REDIS_REPLY_ERROR; }

bool Reply::is_refusal() const {
  // All of these are found before the command runs; MOVED and ASK name another node of a Cluster.
  constexpr std::string_view kCodes[] = {
      "BUSY",   "LOADING", "OOM",   "NOREPLICAS", "READONLY", "MISCONF",    "MASTERDOWN",
      "NOAUTH", "NOPERM",  "MOVED", "ASK",        "TRYAGAIN", "CLUSTERDOWN"};
  // An error with the name of a script came from inside it, so the script had begun.
  if (!is_error() || text().find("@user_script") != std::string_view::npos) return false;
  const std::string_view code = text().substr(0, text().find(' '));
  return std::find(std::begin(kCodes), std::end(kCodes), code) != std::end(kCodes);
}

// An older Redis tells an error from inside a script as a part of another one.
bool Reply::is_full() const {
  return is_error() && text().find("OOM command not allowed") != std::string_view::npos;
}

std::string_view Reply::text() const {
  if (reply_ == nullptr) return {};
  switch (reply_->type) {
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
    case REDIS_REPLY_ERROR:
      return {reply_->str, reply_->len};
    default:
      return {};
  }
}

std::int64_t Reply::integer() const {
  if (reply_ != nullptr && reply_->type == REDIS_REPLY_INTEGER) return reply_->integer;
  std::int64_t value = 0;
  const std::string_view digits = text();
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

std::size_t Reply::size() const {
  return reply_ != nullptr && reply_->type == REDIS_REPLY_ARRAY ? reply_->elements : 0;
}

Reply Reply::operator[](std::size_t index) const {
  return index < size() ? Reply(reply_->element[index]) : Reply();
}

ReplyReader::ReplyReader() : reader_(redisReaderCreate()) {
  if (reader_ == nullptr) throw std::bad_alloc();
  reader_->fn = bounded_functions(*reader_);
}

ReplyReader::~ReplyReader() { redisReaderFree(reader_); }

bool ReplyReader::feed(std::string_view bytes) {
  unfinished_ += bytes.size();
  if (unfinished_ > kMaxReplyBytes ||
      redisReaderFeed(reader_, bytes.data(), bytes.size()) != REDIS_OK) {
    failed_ = true;
  }
  return !failed_;
}

ReplyReader::Owned ReplyReader::next() {
  void* reply = nullptr;
  if (failed_) return nullptr;
  if (redisReaderGetReply(reader_, &reply) != REDIS_OK) {
    failed_ = true;
    return nullptr;
  }
  // What is left in the reader belongs to the next reply, and counts against its bound.
  if (reply != nullptr) unfinished_ = reader_->len - reader_->pos;
  return Owned(static_cast<redisReply*>(reply));
}

void ReplyReader::Free::operator()(redisReply* reply) const { freeReplyObject(reply); }

// hiredis' own costs an allocation and a snprintf for each argument; this is once a message.
void append_command(std::string& out, std::span<const std::string_view> arguments) {
  const auto append_count = [&out](char kind, std::size_t count) {
    char digits[20];
    const char* end = std::to_chars(digits, digits + sizeof digits, count).ptr;
    out.append(1, kind).append(digits, static_cast<std::size_t>(end - digits)).append("\r\n");
  };
  append_count('*', arguments.size());
  for (const std::string_view argument : arguments) {
    append_count('$', argument.size());
    out.append(argument).append("\r\n");
  }
}

}  // namespace peer_redis
