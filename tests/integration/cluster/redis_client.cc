#include "tests/integration/cluster/redis_client.h"

#include <hiredis/hiredis.h>

#include <stdexcept>

namespace peer::test {
namespace {

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using OwnedReply = std::unique_ptr<redisReply, FreeReply>;

redisContext* dial(std::uint16_t port, const char* address = "127.0.0.1") {
  const auto seconds = 5L * timeout_factor();
  redisContext* context = redisConnectWithTimeout(address, port, timeval{seconds, 0});
  if (context == nullptr) throw std::bad_alloc();
  if (context->err == 0) redisSetTimeout(context, timeval{seconds, 0});
  return context;
}

OwnedReply ask(redisContext& context, const std::vector<std::string>& arguments) {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  for (const std::string& argument : arguments) {
    texts.push_back(argument.data());
    sizes.push_back(argument.size());
  }
  return OwnedReply(static_cast<redisReply*>(
      redisCommandArgv(&context, static_cast<int>(arguments.size()), texts.data(), sizes.data())));
}

void flatten(const redisReply& reply, std::vector<std::string>& into) {
  switch (reply.type) {
    case REDIS_REPLY_ARRAY:
      for (std::size_t i = 0; i < reply.elements; ++i) flatten(*reply.element[i], into);
      return;
    case REDIS_REPLY_INTEGER:
      into.push_back(std::to_string(reply.integer));
      return;
    case REDIS_REPLY_NIL:
      into.emplace_back();
      return;
    case REDIS_REPLY_ERROR:
      throw std::runtime_error("redis: " + std::string(reply.str, reply.len));
    default:
      into.emplace_back(reply.str, reply.len);
  }
}

}  // namespace

void RedisClient::FreeContext::operator()(redisContext* context) const { redisFree(context); }

RedisClient::RedisClient(std::uint16_t port, const std::string& password,
                         const std::string& address)
    : context_(dial(port, address.c_str())) {
  if (context_->err != 0) throw std::runtime_error(std::string("redis: ") + context_->errstr);
  if (!password.empty()) ask(*context_, {"AUTH", password});
}

std::vector<std::string> RedisClient::command(const std::vector<std::string>& arguments) {
  const OwnedReply reply = ask(*context_, arguments);
  if (!reply) throw std::runtime_error(std::string("redis: ") + context_->errstr);
  std::vector<std::string> texts;
  flatten(*reply, texts);
  return texts;
}

RedisSubscriber::RedisSubscriber(std::uint16_t port,
                                 std::initializer_list<std::string_view> channels,
                                 const std::string& password)
    : context_(dial(port)) {
  if (!password.empty()) ask(*context_, {"AUTH", password});
  for (const std::string_view channel : channels) {
    ask(*context_, {"SUBSCRIBE", std::string(channel)});
  }
}

RedisSubscriber::~RedisSubscriber() { redisFree(context_); }

RedisSubscriber::Message RedisSubscriber::next(Deadline deadline) {
  const long left = deadline.milliseconds_left();
  redisSetTimeout(context_, timeval{left / 1000, (left % 1000) * 1000});
  void* raw = nullptr;
  if (redisGetReply(context_, &raw) != REDIS_OK) {
    throw std::runtime_error(std::string("subscriber: ") + context_->errstr);
  }
  const OwnedReply reply(static_cast<redisReply*>(raw));
  std::vector<std::string> texts;
  flatten(*reply, texts);
  return {texts.at(1), texts.at(2)};
}

}  // namespace peer::test
