#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/net/http/http_request.h"

namespace peer {

/// One file of the console (docs/console.md), as it was built into the server. Its bytes live as
/// long as the process.
struct ConsoleFile {
  std::string_view path;  ///< of the request: "/", "/console/main.js"
  std::string_view content_type;
  std::string_view bytes;
};

/// All of them, from core/admin/console; written by CMake.
[[nodiscard]] const std::vector<ConsoleFile>& console_files();

/// Answers a request for one of them, which needs no token. Empty: it asks for something else. The
/// whole response; any thread.
[[nodiscard]] std::string answer_console(const HttpRequest& request);

}  // namespace peer
