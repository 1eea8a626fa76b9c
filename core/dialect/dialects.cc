#include "core/dialect/dialects.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "core/base/digest.h"
#include "core/base/log.h"
#include "core/base/random.h"
#include "core/base/utf8.h"
#include "core/dialect/foreign_peer.h"
#include "core/http/endpoints.h"
#include "core/net/http/field_text.h"
#include "core/protocol/json_grammar.h"
#include "core/protocol/json_members.h"
#include "core/protocol/json_scan.h"
#include "core/protocol/json_text.h"
#include "core/session/membership.h"

// The dialects of a node. In: requests whose path may be a dialect's, on loops. Out: the plugin's
// answers by HTTP, once they are checked; its words for who is turned away; a ForeignPeer for a
// WebSocket that has opened. Which one a request is for: the first with its path that takes it.
namespace peer {
namespace {

constexpr std::size_t kMostIds = 10'000;
constexpr std::uint32_t kIdsAtOnce = 1'000;
constexpr std::size_t kLongestBody = 1024 * 1024;
constexpr std::size_t kLongestRealm = 256;

/// Quotes with nothing but ASCII between them, of which nothing is escaped: its text needs no
/// reader of JSON.
bool is_plain_string(std::string_view json) {
  if (json.size() < 2 || !json.starts_with('"') || !json.ends_with('"')) return false;
  const std::string_view text = without_quotes(json);
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\';
  });
}

bool is_sound_path(std::string_view path) {
  return path.starts_with('/') && path.size() <= 1024 &&
         (path.size() == 1 || !path.ends_with('/')) &&
         std::all_of(path.begin(), path.end(),
                     [](char c) { return c > 0x20 && c < 0x7F && c != '?' && c != '#'; });
}

/// A request as plugins see it; all that it is made of outlives it.
sdk::DialectRequest seen_by_plugins(const HttpRequest& request, const std::string& address,
                                    bool tls) {
  sdk::DialectRequest seen;
  seen.method = request.method;
  seen.path = request.path;
  seen.query = request.query;
  if (const std::string* origin = request.find("Origin")) seen.origin = *origin;
  seen.remote_address = address;
  seen.tls = tls;
  seen.headers = request.headers;
  return seen;
}

bool upgrades_at(const sdk::DialectTraits& traits, std::string_view path) {
  return is_path(path, traits.upgrade_path);
}

bool answers_at(const sdk::DialectTraits& traits, std::string_view path) {
  return std::any_of(traits.http_paths.begin(), traits.http_paths.end(),
                     [&](const std::string& own) { return is_path(path, own); });
}

/// Twice, a client would not know where the answer ends.
bool is_of_server(std::string_view name) {
  constexpr const char* kNames[] = {"Connection", "Content-Length", "Content-Type", "Date",
                                    "Transfer-Encoding"};
  return std::any_of(std::begin(kNames), std::end(kNames),
                     [&](const char* known) { return equals_ignoring_case(name, known); });
}

std::string render(const DialectEntry& entry, const HttpRequest& request,
                   std::optional<sdk::DialectResponse> said) {
  HttpResponse response = error_response(500);
  response.keep_alive = request.keep_alive;
  response.head_only = request.method == "HEAD";
  const bool is_sound = said && said->status >= 200 && said->status <= 599 &&
                        said->body.size() <= kLongestBody && is_field_value(said->content_type);
  if (said && !is_sound) entry.calls.fault("answer", "gave an answer that is none");
  if (is_sound) {
    response.status = said->status;
    response.content_type = std::move(said->content_type);
    response.body = std::move(said->body);
    for (auto& [name, value] : said->headers) {
      if (!is_token(name) || !is_field_value(value)) {
        entry.calls.fault("answer", "gave a header that is none");
      } else if (is_of_server(name)) {
        entry.calls.fault("answer", "gave a header that the server writes itself");
      } else {
        response.extra.emplace_back(std::move(name), std::move(value));
      }
    }
    if (said->allow_pages) allow_pages(request, response);
  }
  return render_response(response);
}

/// The answer to what asks for no WebSocket where one may open: as at the server's own path.
std::string refuse_plain(const HttpRequest& request) {
  HttpResponse refused = refuse_method("GET");
  if (request.method == "GET") {
    const UpgradeAnswer answer = check_upgrade(request);
    refused = error_response(answer.status, answer.problem);
  }
  refused.keep_alive = request.keep_alive;
  refused.head_only = request.method == "HEAD";
  return render_response(refused);
}

/// Ids of the realm's peers among `objects`, which others see of members.
void add_ids(const DialectEntry& entry, std::string_view object, std::vector<std::string>& ids) {
  const std::string_view raw = find_member(find_member(object, "meta"), "id");
  const std::string_view peer = find_member(object, "fingerprint");
  std::string id;
  if (!is_json_string(raw) || !is_json_string(peer) || !append_decoded(id, raw)) return;
  // Anybody may have such a meta.
  if (parse_fingerprint(without_quotes(peer)) == entry.host.fingerprint_of(id)) {
    ids.push_back(std::move(id));
  }
}

/// A request that waits for the ids of all nodes, on its loop.
struct IdSearch {
  DialectEntry& entry;
  EventLoop& loop;
  ConnectionRef to;
  HttpRequest request;
  std::string address;
  bool tls = false;
  std::vector<std::string> ids{};
};

void answer_with_ids(const IdSearch& search) {
  sdk::DialectRequest seen = seen_by_plugins(search.request, search.address, search.tls);
  seen.ids = &search.ids;
  auto said = search.entry.calls.run("answer", [&] { return search.entry.plugin.answer(seen); });
  search.loop.answer(search.to, render(search.entry, search.request, std::move(said)),
                     search.request.keep_alive);
}

void add_own_ids(IdSearch& search) {
  const Node& node = search.entry.node;
  const PeerPage page = node.namespaces.list(search.entry.home, std::nullopt,
                                             {kMostIds, std::size_t{16} * 1024 * 1024});
  const std::string list = "[" + page.peers + "]";
  ListCursor cursor(list);
  for (std::string_view object; cursor.next(object);) add_ids(search.entry, object, search.ids);
}

void find_ids(const std::shared_ptr<IdSearch>& search, const std::optional<Fingerprint>& after) {
  Node& node = search->entry.node;
  node.others.list(search->loop, search->entry.home, after, kIdsAtOnce, false,
                   [search](const std::optional<sdk::MemberPage>& page) {
                     if (!page) {
                       search->ids.clear();
                       add_own_ids(*search);
                       return answer_with_ids(*search);
                     }
                     for (const sdk::MemberEntry& member : page->members) {
                       add_ids(search->entry, member.object, search->ids);
                     }
                     const bool is_all =
                         page->members.size() < kIdsAtOnce || search->ids.size() >= kMostIds;
                     if (is_all) return answer_with_ids(*search);
                     find_ids(search, page->members.back().peer);
                   });
}

}  // namespace

// --- DialectEntryHost

Fingerprint DialectEntryHost::fingerprint_of(std::string_view id) const noexcept {
  return peer::fingerprint_of(key_of(id));
}

std::string DialectEntryHost::namespace_of(std::string_view name) const noexcept {
  return std::string(kReservedNames) + to_hex(fingerprint_of(name)).substr(0, 32);
}

std::size_t DialectEntryHost::max_name_length() const noexcept { return node_.bounds().name; }

std::string DialectEntryHost::random_hex(std::size_t bytes) const noexcept {
  constexpr std::size_t kMost = 64;
  return peer::random_hex(std::min(bytes, kMost));
}

std::optional<std::vector<sdk::JsonMemberView>> members_of_utf8(std::string_view json) noexcept {
  // Every text of a client is read by this: its room is kept.
  static thread_local std::vector<JsonMember> found;
  clear_members(found);
  if (!read_json_object(json, found)) return std::nullopt;
  std::vector<sdk::JsonMemberView> members;
  members.reserve(found.size());
  for (const JsonMember& member : found) {
    sdk::JsonMemberView& view = members.emplace_back();
    if (member.key_is_plain) {
      view.key = without_quotes(member.key);
    } else if (!append_decoded(view.key, member.key)) {
      return std::nullopt;
    }
    view.value = member.value;
  }
  return members;
}

std::optional<std::vector<sdk::JsonMemberView>> DialectEntryHost::members_of(
    std::string_view json) const noexcept {
  return is_valid_utf8(json) ? members_of_utf8(json) : std::nullopt;
}

std::optional<std::vector<std::string_view>> DialectEntryHost::elements_of(
    std::string_view json) const noexcept {
  const std::size_t begin = json.find_first_not_of(" \t\r\n");
  if (begin == json.npos || json[begin] != '[' || !is_valid_json(json)) return std::nullopt;
  std::vector<std::string_view> elements;
  ListCursor cursor(json.substr(begin));
  for (std::string_view element; cursor.next(element);) elements.push_back(element);
  return elements;
}

std::optional<std::string> DialectEntryHost::string_of(std::string_view json) const noexcept {
  if (is_plain_string(json)) return std::string(without_quotes(json));
  std::string text;
  if (!is_json_string(json) || !json.ends_with('"') || !is_valid_json(json) ||
      !append_decoded(text, json)) {
    return std::nullopt;
  }
  return text;
}

// --- Dialects

sdk::DialectTraits traits_of(const LoadedPlugin<sdk::Dialect>& dialect,
                             const std::function<void(const std::string& text)>& mistake) {
  auto said = dialect.calls().run("traits", [&] { return dialect->traits(); });
  if (!said) {
    mistake("does not say what it is");
    return {};
  }
  if (!is_sound_path(said->upgrade_path)) {
    mistake("wants to upgrade at what is no path; it begins with '/' and ends in none");
  }
  for (const std::string& path : said->http_paths) {
    if (!is_sound_path(path)) mistake("wants to answer at what is no path");
  }
  const std::string& realm = said->realm;
  if (realm.size() > kLongestRealm || realm.find('\0') != realm.npos || !is_valid_utf8(realm)) {
    mistake("has a realm that is too long, or no text");
  }
  if (said->home && !is_valid_utf8(*said->home)) mistake("wants a namespace that is no text");
  return std::move(*said);
}

Dialects::Dialects(Node& node) : node_(node), waits_(node) {
  for (const LoadedPlugin<sdk::Dialect>& dialect : node.plugins.dialects) {
    // What is wrong has been told before the start (core/process/prepare.cc).
    sdk::DialectTraits traits = traits_of(dialect, [](const std::string&) {});
    const std::string& name = dialect.record->info.name;
    DialectEntryHost host(node, foreign_key(name, traits.realm));
    std::string home = !traits.home           ? std::string()
                       : traits.home->empty() ? host.namespace_of({})
                                              : *traits.home;
    const bool is_own = traits.home && traits.home->empty();
    const bool is_listed = traits.home_is_listed || !is_own;
    entries_.push_back(std::unique_ptr<DialectEntry>(
        new DialectEntry{*dialect, dialect.calls(), name, std::move(traits), std::move(host),
                         std::move(home), is_listed, node, waits_}));
  }
  if (entries_.empty()) return;
  node.on_dialect_talk = [this](std::string_view from, std::string_view text) {
    waits_.hear(from, text);
  };
}

sdk::Result<void> Dialects::start() {
  for (const auto& entry : entries_) {
    const bool started = entry->calls.run("start", [&] { entry->plugin.start(entry->host); });
    if (!started) {
      return sdk::Error{entry->calls.title() + " failed to start; the log says why"};
    }
  }
  return {};
}

std::vector<std::string> Dialects::upgrade_paths() const {
  std::vector<std::string> paths;
  for (const auto& entry : entries_) paths.push_back(entry->traits.upgrade_path);
  return paths;
}

DialectEntry* Dialects::find(const sdk::DialectRequest& request, Path has) const {
  DialectEntry* first = nullptr;
  for (const auto& entry : entries_) {
    if (!has(entry->traits, request.path)) continue;
    if (first == nullptr) first = entry.get();
    const auto takes = entry->calls.run("takes", [&] { return entry->plugin.takes(request); });
    if (takes.value_or(false)) return entry.get();
  }
  return first;
}

bool Dialects::open(Connection& connection, const HttpRequest& request) {
  if (entries_.empty()) return false;
  const std::string address = connection.remote_address().text();
  const sdk::DialectRequest seen = seen_by_plugins(request, address, connection.is_tls());
  DialectEntry* entry = find(seen, upgrades_at);
  if (entry == nullptr) return false;
  auto session = std::make_unique<ForeignPeer>(
      connection, *node_.loop_states[connection.loop().index()], *entry);
  ForeignPeer& peer = *session;
  peer.registration = std::make_shared<Registration>();
  peer.registration->origin = seen.origin;
  peer.registration->query = request.query;
  peer.registration->headers = request.headers;
  connection.session = std::move(session);
  connection.translate_messages();
  peer.set_deadline(connection.loop().now() + node_.config().pong_wait);
  if (log_debug_enabled()) log_debug("connected", {{"address", address}});
  auto opened = entry->calls.run("open", [&] { return entry->plugin.open(seen); });
  if (!opened) {
    peer.close(CloseCode::kInternalError, "internal error");
  } else if (const auto* who = std::get_if<sdk::DialectEntry>(&*opened)) {
    peer.enter(*who);
  } else {
    node_.admission.refusals().note(Refusal::kFirstMessage, connection.remote_address(),
                                    entry->calls.title() + " turns it away",
                                    connection.loop().now());
    peer.reject(std::get<sdk::DialectRejection>(*opened).text);
  }
  return true;
}

std::string Dialects::refusal(const Connection& connection, const HttpRequest& request,
                              Refusal reason, int status, std::string_view why) const {
  using Reason = sdk::DialectRefusal::Reason;
  const std::string address = connection.remote_address().text();
  const DialectEntry* entry =
      find(seen_by_plugins(request, address, connection.is_tls()), upgrades_at);
  if (entry == nullptr) return {};
  sdk::DialectRefusal refusal{Reason::kTooMany, status, why};
  if (reason == Refusal::kBan) refusal.reason = Reason::kBanned;
  if (reason == Refusal::kAllowedOrigins) refusal.reason = Reason::kOrigin;
  const auto text = entry->calls.run("refusal", [&] { return entry->plugin.refusal(refusal); });
  if (text && is_valid_utf8(*text) && text->size() <= kLongestBody) return *text;
  if (text) entry->calls.fault("refusal", "gave a text that is none");
  return {};
}

std::optional<std::string> Dialects::answer(Connection& connection, const HttpRequest& request) {
  constexpr std::array<std::string_view, 3> kMethods{"GET", "HEAD", "OPTIONS"};
  if (entries_.empty()) return std::nullopt;
  const std::string address = connection.remote_address().text();
  const sdk::DialectRequest seen = seen_by_plugins(request, address, connection.is_tls());
  DialectEntry* entry = find(seen, answers_at);
  if (entry == nullptr && find(seen, upgrades_at) != nullptr) return refuse_plain(request);
  if (entry == nullptr) return std::nullopt;
  if (std::find(kMethods.begin(), kMethods.end(), seen.method) == kMethods.end()) {
    sdk::DialectResponse refused{405, "application/json", "{}", {}, true, false};
    refused.headers.emplace_back("Allow", "GET, HEAD, OPTIONS");
    return render(*entry, request, std::move(refused));
  }
  auto said = entry->calls.run("answer", [&] { return entry->plugin.answer(seen); });
  if (!said || !said->wants_ids) return render(*entry, request, std::move(said));
  auto search = std::make_shared<IdSearch>(
      IdSearch{*entry, connection.loop(), connection.ref(), request, address, connection.is_tls()});
  // The connection is paused when this has returned; what has been found by then would be lost.
  connection.loop().post([search] { find_ids(search, std::nullopt); });
  return std::string();
}

}  // namespace peer
