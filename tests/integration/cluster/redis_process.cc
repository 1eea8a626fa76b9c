#include "tests/integration/cluster/redis_process.h"

#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <stdexcept>

#include "tests/integration/cluster/free_port.h"

namespace peer::test {
namespace {

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using OwnedReply = std::unique_ptr<redisReply, FreeReply>;

struct FreeContext {
  void operator()(redisContext* context) const { redisFree(context); }
};
using OwnedContext = std::unique_ptr<redisContext, FreeContext>;

OwnedContext dial(std::uint16_t port) {
  const auto seconds = 5L * timeout_factor();
  OwnedContext context(redisConnectWithTimeout("127.0.0.1", port, timeval{seconds, 0}));
  if (context && context->err == 0) redisSetTimeout(context.get(), timeval{seconds, 0});
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

RedisProcess::RedisProcess(std::string password)
    : password_(std::move(password)), port_(free_port()) {
  launch();
}

RedisProcess::~RedisProcess() {
  if (pid_ > 0) kill();
}

void RedisProcess::launch() {
  const std::string output = dir_.path() / "redis.log";
  const std::string port = std::to_string(port_);
  pid_ = fork();
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int file = open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(file, STDOUT_FILENO);
    dup2(file, STDERR_FILENO);
    execl(PEER_REDIS_SERVER, "redis-server", "--port", port.c_str(), "--bind", "127.0.0.1",
          "--save", "", "--appendonly", "no", "--dir", dir_.path().c_str(), "--requirepass",
          password_.c_str(), nullptr);
    _exit(127);
  }
  const Deadline deadline(20s);
  while (true) {
    const OwnedContext context = dial(port_);
    if (context && context->err == 0) return;
    if (deadline.passed()) throw std::runtime_error("redis-server: " + read_file(output));
    poll(nullptr, 0, 5);
  }
}

std::vector<std::string> RedisProcess::command(const std::vector<std::string>& arguments) {
  const OwnedContext context = dial(port_);
  if (!context || context->err != 0) throw std::runtime_error("cannot connect to redis-server");
  if (!password_.empty()) ask(*context, {"AUTH", password_});
  const OwnedReply reply = ask(*context, arguments);
  if (!reply) throw std::runtime_error(std::string("redis: ") + context->errstr);
  std::vector<std::string> texts;
  flatten(*reply, texts);
  return texts;
}

void RedisProcess::kill() {
  ::kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void RedisProcess::signal(int number) { ::kill(pid_, number); }

RedisSubscriber::RedisSubscriber(std::uint16_t port,
                                 std::initializer_list<std::string_view> channels)
    : context_(dial(port).release()) {
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
