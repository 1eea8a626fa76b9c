#include "peerjs_dialect.h"

#include <optional>
#include <string_view>
#include <utility>

#include <peer/sdk/json.h>

#include "messages.h"

// The door of the PeerServer. In: upgrades and requests by HTTP at `path`, on any loop. Out: who a
// client is, or the words that turn it away; ids, new ones and those of all peers; a PeerJsSession
// for each client. Nothing here changes after start(), so nothing is locked.
namespace peer_peerjs {
namespace {

using namespace peer::sdk;

/// What PeerJS looks for to see that it has found a server of its kind.
constexpr const char* kAbout =
    R"({"name":"PeerJS Server","description":"A server side element to broker connections between )"
    R"(PeerJS clients.","website":"https://peerjs.com/"})";

/// Where WebSockets open, behind the path.
constexpr const char* kUpgrade = "peerjs";
constexpr const char* kPlainText = "text/plain; charset=utf-8";

/// As the server compares paths: it forgives a slash at the end.
std::string_view without_slash(std::string_view path) {
  return path.size() > 1 && path.ends_with('/') ? path.substr(0, path.size() - 1) : path;
}

DialectResponse answered(std::string body, const char* type = "application/json") {
  DialectResponse response;
  response.content_type = type;
  response.body = std::move(body);
  response.headers = {{"Cache-Control", "no-store"}};
  return response;
}

DialectResponse preflight() {
  DialectResponse response;
  response.status = 204;
  response.content_type.clear();
  response.headers = {{"Access-Control-Allow-Methods", "GET, HEAD"},
                      {"Access-Control-Allow-Headers", "*"},
                      {"Access-Control-Max-Age", "86400"}};
  return response;
}

}  // namespace

PeerJsDialect::PeerJsDialect(Options options)
    : options_(std::move(options)), about_(without_slash(options_.path)) {}

DialectTraits PeerJsDialect::traits() const {
  DialectTraits traits;
  traits.upgrade_path = options_.path + kUpgrade;
  traits.http_paths = {about_, options_.path + options_.key + "/id",
                       options_.path + options_.key + "/peers"};
  traits.realm = options_.path + " " + options_.key;
  if (!options_.ns.empty()) traits.home = options_.ns;
  traits.home_is_listed = options_.allow_discovery;
  return traits;
}

bool PeerJsDialect::takes(const DialectRequest& request) const {
  if (!request.path.starts_with(options_.path + kUpgrade)) return true;
  return request.parameter("key") == options_.key;
}

std::variant<DialectEntry, DialectRejection> PeerJsDialect::open(const DialectRequest& request) {
  std::optional<std::string> id = request.parameter("id");
  std::optional<std::string> token = request.parameter("token");
  const std::optional<std::string> key = request.parameter("key");
  if (!id || id->empty() || !token || token->empty() || !key || key->empty()) {
    return DialectRejection{error(kMissing)};
  }
  if (*key != options_.key) return DialectRejection{error(kWrongKey)};
  return DialectEntry{std::move(*id), std::move(*token)};
}

std::string PeerJsDialect::refusal(const DialectRefusal& refusal) const {
  switch (refusal.reason) {
    case DialectRefusal::Reason::kTaken:
      return std::string(kIdTaken);
    case DialectRefusal::Reason::kTooMany:
    case DialectRefusal::Reason::kFull:
      return error(kTooMany);
    case DialectRefusal::Reason::kInvalid:
      return error(kMissing);
    case DialectRefusal::Reason::kBanned:
    case DialectRefusal::Reason::kOrigin:
    case DialectRefusal::Reason::kUnauthorized:
    case DialectRefusal::Reason::kNotAllowed:
    case DialectRefusal::Reason::kOther:
      break;
  }
  return error(refusal.message);
}

std::unique_ptr<DialectSession> PeerJsDialect::begin(DialectPeer& peer) {
  return std::make_unique<PeerJsSession>(*around_, peer);
}

DialectResponse PeerJsDialect::answer(const DialectRequest& request) {
  if (request.method == "OPTIONS") return preflight();
  const std::string_view path = without_slash(request.path);
  if (path == about_) return answered(kAbout);
  if (path.ends_with("/peers")) return list(request);
  return new_id();
}

DialectResponse PeerJsDialect::list(const DialectRequest& request) const {
  if (!options_.allow_discovery) {
    DialectResponse refused = answered("Unauthorized", kPlainText);
    refused.status = 401;
    return refused;
  }
  if (request.ids == nullptr) {
    DialectResponse later;
    later.wants_ids = true;
    return later;
  }
  JsonArray ids;
  for (const std::string& id : *request.ids) ids.add(id);
  const Result<std::string> text = ids.text();
  return answered(text ? *text : "[]");
}

/// In the form of a random UUID, as clients know it.
DialectResponse PeerJsDialect::new_id() const {
  std::string id = around_->host.random_hex(16);
  id[12] = '4';
  id[16] = "89ab"[static_cast<unsigned char>(id[16]) % 4];
  for (const std::size_t dash : {20U, 16U, 12U, 8U}) id.insert(dash, 1, '-');
  return answered(std::move(id), kPlainText);
}

}  // namespace peer_peerjs
