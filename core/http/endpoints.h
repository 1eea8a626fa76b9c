#pragma once

#include <string>

#include "core/net/http/http_request.h"
#include "core/server/node.h"

namespace peer {

/// Answers a request that is no WebSocket: /health, /ready, /stats (docs/protocol.md, "D. HTTP"),
/// and errors in JSON for everything else. `loopback`: the client is on this machine. Loop thread;
/// the whole response, ready to send.
[[nodiscard]] std::string answer_http(Node& node, const HttpRequest& request, bool loopback);

/// 405, with the methods that are taken there.
[[nodiscard]] HttpResponse refuse_method(const char* allowed);

/// Lets pages read the answer that may open a WebSocket here. On a loop.
void allow_pages(const HttpRequest& request, HttpResponse& response);

}  // namespace peer
