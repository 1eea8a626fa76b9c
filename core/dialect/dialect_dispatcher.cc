#include "core/dialect/dialect_dispatcher.h"

#include <utility>

namespace peer {

std::string DialectDispatcher::on_request(Connection& connection, const HttpRequest& request,
                                          bool loopback) {
  if (auto answer = dialects_.answer(connection, request)) return std::move(*answer);
  return Dispatcher::on_request(connection, request, loopback);
}

std::string DialectDispatcher::refusal(Connection& connection, const HttpRequest& request,
                                       Refusal reason, int status, std::string_view why) {
  return dialects_.refusal(connection, request, reason, status, why);
}

void DialectDispatcher::on_open(Connection& connection, HttpRequest&& request) {
  if (dialects_.open(connection, request)) return;
  Dispatcher::on_open(connection, std::move(request));
}

}  // namespace peer
