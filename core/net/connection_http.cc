#include <algorithm>
#include <optional>

#include "core/base/log.h"
#include "core/net/connection.h"
#include "core/net/event_loop.h"
#include "core/net/http/http_request.h"
#include "core/net/websocket/permessage_deflate.h"
#include "core/net/websocket/subprotocols.h"

// The first part of a connection's life, on its loop's thread. In: bytes that should be request
// heads. Out: answers, which the application or this file makes, and at last the upgrade to a
// WebSocket. A refusal is counted and logged in one place (Admission::refusals()). Of what the
// client wrote only an origin that has been checked comes back in an answer or a log line.
namespace peer {
namespace {

constexpr milliseconds kHeadTime{10'000};

// Native clients send none (RFC 6454 7.3), and pass.
bool is_allowed_origin(const HttpRequest& request, const std::vector<OriginPattern>& allowed) {
  const std::vector<std::string> origins = request.all("Origin");
  if (allowed.empty() || origins.empty()) return true;
  return origins.size() == 1 &&
         std::any_of(allowed.begin(), allowed.end(),
                     [&](const OriginPattern& pattern) { return pattern.matches(origins[0]); });
}

// What has the form of an origin may stand in a log line.
std::string origin_for_log(const HttpRequest& request) {
  constexpr std::size_t kLongest = 255;
  const std::vector<std::string> origins = request.all("Origin");
  const bool sound = origins.size() == 1 && origins[0].size() <= kLongest &&
                     parse_origin_pattern(origins[0]).has_value();
  return sound ? "the origin " + origins[0] : "an origin that cannot be read";
}

}  // namespace

Connection::HttpState& Connection::http_state() {
  if (http_ == nullptr) http_ = std::make_unique<HttpState>();
  return *http_;
}

Time Connection::head_deadline() const {
  return loop_->now() + std::min(kHeadTime, loop_->options().read_timeout);
}

// A health check sends its request at once, so it gets little time.
void Connection::enter_reserve(Refusal refusal) {
  reserved_for_ = refusal;
  own_deadline_ = loop_->now() + HealthReserve::kHeadTime;
  loop_->update_deadline(*this);
}

// The first ping comes within the second half of an interval, each slot at its own time.
Time Connection::first_ping() const {
  const milliseconds interval = loop_->options().ping_interval;
  const std::int64_t spread = (ref_.slot * 2654435761U) >> 22;  // 0 to 1023
  return loop_->now() + interval / 2 + interval * spread / 2048;
}

std::size_t Connection::read_http(std::string_view data) {
  if (http_ != nullptr && http_->request) return read_body(data);
  const std::size_t most = in_reserve() ? HealthReserve::kMaxHeadSize : kMaxHeadSize;
  const std::size_t head_size = find_head_end(data.substr(0, most));
  if (head_size == 0) {
    if (!may_begin_head(data)) {
      refuse_request(400, what_it_looks_like(data));
      return 0;
    }
    if (data.size() >= most) {
      refuse_request(is_within_request_line(data.substr(0, most)) ? 414 : 431, {});
      return 0;
    }
    // The time for a head runs from its first byte. min(): a client that drips its head gains
    // nothing with each byte.
    own_deadline_ = std::min(at(own_deadline_), head_deadline());
    loop_->update_deadline(*this);
    return 0;
  }
  const Bodies bodies = loop_->options().max_body > 0 ? Bodies::kTaken : Bodies::kRefused;
  std::optional<HttpRequest> request = parse_head(data.substr(0, head_size), bodies);
  if (!request) {
    const std::string_view head = data.substr(0, head_size);
    refuse_request(has_too_many_headers(head) ? 431 : 400, what_it_looks_like(data));
  } else if (request->body_size > 0 || request->is_chunked) {
    begin_body(std::move(*request));
  } else {
    // A place in the reserve is for one request.
    request->keep_alive = request->keep_alive && !in_reserve();
    answer_http(std::move(*request));
  }
  return head_size;
}

void Connection::answer_http(HttpRequest&& request) {
  if (is_foreign(request)) return answer_upgrade(std::move(request));
  if (in_reserve()) {
    const bool reads = request.method == "GET" || request.method == "HEAD";
    settled_ = reads && loop_->application_.is_health_check(request.path);
    if (!settled_) return refuse_admission(reserved_for_);
  }
  const std::string& websocket_path = loop_->options().websocket_path;
  const bool is_websocket = websocket_path.empty() || is_path(request.path, websocket_path);
  if (is_websocket && request.method == "GET") return answer_upgrade(std::move(request));
  const bool loopback = client_of(request).is_local();
  const std::string response = loop_->application_.on_request(*this, request, loopback);
  if (response.empty()) {
    pause();
    own_deadline_ = kNever;
    return loop_->update_deadline(*this);
  }
  queue(FrameBuilder(0).append(response).finish_raw());
  close_after_flush_ = !request.keep_alive;
  allow_time(loop_->options().read_timeout);
}

// The time for the whole body is that for a request.
void Connection::begin_body(HttpRequest request) {
  const std::string refusal = loop_->application_.judge_head(request);
  if (!refusal.empty()) return refuse_body(refusal);
  if (request.is_chunked) return refuse_body(render_response(error_response(411)));
  if (request.body_size > loop_->options().max_body) {
    return refuse_body(render_response(error_response(413)));
  }
  if (request.has_token("Expect", "100-continue")) {
    queue(FrameBuilder(0).append("HTTP/1.1 100 Continue\r\n\r\n").finish_raw());
  }
  http_state().request = std::move(request);
  allow_time(loop_->options().read_timeout);
}

void Connection::refuse_body(const std::string& response) {
  queue(FrameBuilder(0).append(response).finish_raw());
  close_after_flush_ = true;
  allow_time(loop_->options().write_timeout);
}

std::size_t Connection::read_body(std::string_view data) {
  HttpRequest& request = *http_->request;
  const std::string_view part = data.substr(0, request.body_size - request.body.size());
  request.body.append(part);
  if (request.body.size() == request.body_size) {
    HttpRequest whole = std::move(request);
    http_->request.reset();
    answer_http(std::move(whole));
  }
  return part.size();
}

void Connection::answer(std::string_view response, bool keep_alive) {
  queue(FrameBuilder(response.size()).append(response).finish_raw());
  close_after_flush_ = !keep_alive;
  allow_time(loop_->options().read_timeout);
  resume();
}

// It stays paused: what the client sends behind its request is never read.
bool Connection::stream(std::string_view bytes, std::size_t most) {
  if (broken_) return false;
  streams_ = true;
  queue(FrameBuilder(bytes.size()).append(bytes).finish_raw());
  if (output_.bytes() > most) abort();
  mark_dirty();
  return !broken_;
}

ClientAddress Connection::client_of(const HttpRequest& request) const {
  const Admission* admission = loop_->admission_;
  if (admission == nullptr) return {address_, false};
  if (told_by_proxy()) return admission->client_of(*http_->proxy, request, address_);
  return admission->client_of(address_, request);
}

// A connection of a trusted proxy is counted once its client is known; others were when they came.
Refusal Connection::admit(const ClientAddress& client) {
  if (admitted_ || loop_->admission_ == nullptr) return Refusal::kNone;
  const Refusal refusal = loop_->admission_->enter(client, loop_->now());
  admitted_ = refusal == Refusal::kNone;
  return refusal;
}

// A request of a WebSocket for a client that speaks another protocol. Without the header it is one
// of HTTP, as any other.
bool Connection::is_foreign(const HttpRequest& request) const {
  const std::vector<std::string>& paths = loop_->options().foreign_paths;
  return !paths.empty() && request.method == "GET" && request.has_token("Upgrade", "websocket") &&
         std::any_of(paths.begin(), paths.end(),
                     [&](const std::string& path) { return is_path(request.path, path); });
}

void Connection::answer_upgrade(HttpRequest&& request) {
  // The order counts: behind a proxy, only a request that may be upgraded is counted for its
  // client's address.
  const UpgradeAnswer answer = check_upgrade(request);
  if (answer.status != 101) {
    return refuse_upgrade(Refusal::kUpgrade, answer.status, answer.problem);
  }
  const auto offers = read_extension_offers(request);
  if (!offers) {
    return refuse_upgrade(Refusal::kUpgrade, 400, "Sec-WebSocket-Extensions cannot be read");
  }
  const ClientAddress client = client_of(request);
  by_proxy_ =
      told_by_proxy() || (loop_->admission_ != nullptr && loop_->admission_->is_proxy(address_));
  if (client.address != address_) leave_admission();  // counted as somebody else until now
  address_ = client.address;
  http_.reset();
  if (is_foreign(request)) {
    http_state().foreign = &request;
    http_state().accept_key = answer.accept_key;
    // It was let in for its refusal, which this client hears by a WebSocket.
    if (in_reserve()) return refuse_admission(reserved_for_);
  }
  if (loop_->admission_ != nullptr && loop_->admission_->is_banned(client, loop_->wall())) {
    return refuse_upgrade(Refusal::kBan, 403, "banned");
  }
  if (!is_allowed_origin(request, loop_->options().allowed_origins)) {
    return refuse_upgrade(Refusal::kAllowedOrigins, 403,
                          origin_for_log(request) + " is not in allowed_origins");
  }
  const Refusal refusal = admit(client);
  if (refusal != Refusal::kNone) return refuse_admission(refusal);
  HttpHeaders extra;
  if (loop_->options().compression) {
    if (const auto agreed = agree_on_deflate(*offers)) {
      window_bits_ = agreed->window_bits;
      extra.emplace_back("Sec-WebSocket-Extensions", agreed->header);
    }
  }
  if (const std::string* chosen = choose_subprotocol(request)) {
    extra.emplace_back("Sec-WebSocket-Protocol", *chosen);
  }
  http_.reset();
  switch_protocols(answer.accept_key, extra);
  upgrade(std::move(request));
}

const std::string* Connection::choose_subprotocol(const HttpRequest& request) const {
  if (request.count("Sec-WebSocket-Protocol") == 0) return nullptr;
  const std::string* chosen = first_offered(request, loop_->options().subprotocols);
  if (chosen == nullptr && log_debug_enabled()) {
    log_debug(
        "a client offers subprotocols of which none is in `subprotocols`, so none is answered: a "
        "browser ends such a connection",
        {{"address", address_.text()}});
  }
  return chosen;
}

void Connection::switch_protocols(const AcceptKey& accept_key, const HttpHeaders& extra) {
  constexpr std::size_t kUsualSize = 160;
  FrameBuilder head(kUsualSize + extra.size() * kUsualSize);
  append_switching_protocols(head, accept_key, extra);
  queue(head.finish_raw());
}

void Connection::upgrade(HttpRequest&& request) {
  state_ = State::kOpen;
  own_deadline_ = kNever;
  next_ping_ = first_ping();
  loop_->update_deadline(*this);
  loop_->application_.on_open(*this, std::move(request));
}

// What cannot be read as a request. What it looks like, if that is known, is the proxy's or the
// client's configuration; the rest comes from scanners.
void Connection::refuse_request(int status, std::string_view why) {
  if (Admission* admission = loop_->admission_; admission != nullptr && !in_reserve()) {
    if (why.empty()) {
      admission->refusals().note_quietly(Refusal::kRequest, address_, std::to_string(status));
    } else {
      admission->refusals().note(Refusal::kRequest, address_, std::string(why), loop_->now());
    }
  }
  refuse_http(status, why);
}

void Connection::refuse_upgrade(Refusal reason, int status, const std::string& why) {
  if (loop_->admission_ != nullptr) {
    loop_->admission_->refusals().note(reason, address_, why, loop_->now());
  }
  // The log names the page; the page knows itself.
  refuse_http(status, reason == Refusal::kAllowedOrigins ? "origin not allowed" : why, reason);
}

void Connection::refuse_admission(Refusal reason) {
  loop_->admission_->note_refused(reason, address_, loop_->now());
  settled_ = true;
  const bool everybody = reason == Refusal::kMaxUnregistered || reason == Refusal::kDescriptors;
  refuse_http(everybody ? 503 : 429,
              everybody ? "too many connections" : "too many connections from this address",
              reason);
}

// A page sees no status of a WebSocket that is refused, so clients that speak another protocol hear
// why: by one message.
void Connection::turn_away(Refusal reason, int status, std::string_view why) {
  switch_protocols(http_->accept_key, {});
  const std::string text = loop_->application_.refusal(*this, *http_->foreign, reason, status, why);
  http_.reset();
  if (!text.empty()) queue(text_frame(text));
  state_ = State::kOpen;
  close(CloseCode::kNoStatus, {});
}

void Connection::refuse_http(int status, std::string_view why, Refusal reason) {
  if (http_ != nullptr && http_->foreign != nullptr) return turn_away(reason, status, why);
  const std::string response = render_response(error_response(status, why));
  queue(FrameBuilder(response.size()).append(response).finish_raw());
  close_after_flush_ = true;
  allow_time(loop_->options().write_timeout);
}

// For the answer, or the next request. A place in the reserve has its time, whatever is done in it.
void Connection::allow_time(milliseconds time) {
  if (in_reserve()) return;
  own_deadline_ = loop_->now() + time;
  loop_->update_deadline(*this);
}

}  // namespace peer
