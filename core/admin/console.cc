#include "core/admin/console.h"

#include <algorithm>

// The files of the console. In: the head of a request on the port of the Server API. Out: a file,
// with headers that let its page load nothing but these files, and talk to nobody but this port.
namespace peer {
namespace {

// Trusted Types: where a browser knows them, no text of a peer can become markup, whatever a script
// does with it.
constexpr const char* kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'";

HttpResponse respond(const HttpRequest& request, const ConsoleFile& file) {
  if (request.method != "GET" && request.method != "HEAD") {
    HttpResponse refused = error_response(405);
    refused.extra.emplace_back("Allow", "GET, HEAD");
    return refused;
  }
  HttpResponse response;
  response.content_type = file.content_type;
  response.body = file.bytes;
  return response;
}

}  // namespace

std::string answer_console(const HttpRequest& request) {
  const std::vector<ConsoleFile>& files = console_files();
  const auto file = std::find_if(files.begin(), files.end(), [&](const ConsoleFile& known) {
    return known.path == request.path;
  });
  if (file == files.end()) return {};
  HttpResponse response = respond(request, *file);
  response.extra.emplace_back("Cache-Control", "no-store");
  response.extra.emplace_back("Content-Security-Policy", kContentSecurityPolicy);
  response.extra.emplace_back("X-Content-Type-Options", "nosniff");
  response.extra.emplace_back("Referrer-Policy", "no-referrer");
  response.extra.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
  response.extra.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
  response.keep_alive = request.keep_alive;
  response.head_only = request.method == "HEAD";
  return render_response(response);
}

}  // namespace peer
