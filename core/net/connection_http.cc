#include <algorithm>
#include <optional>

#include "core/net/connection.h"
#include "core/net/event_loop.h"
#include "core/net/http_request.h"
#include "core/net/permessage_deflate.h"

// The first part of a connection's life: request heads, their answers, the upgrade.
namespace peer {
namespace {

constexpr milliseconds kHeadTime{10'000};

// The first ping comes within the second half of an interval, each slot at its own time.
milliseconds first_ping_after(milliseconds interval, std::uint32_t slot) {
  const std::int64_t spread = (slot * 2654435761U) >> 22;  // 0 to 1023
  return interval / 2 + interval * spread / 2048;
}

// Native clients send none (RFC 6454 7.3), and pass.
bool is_allowed_origin(const HttpRequest& request, const std::vector<OriginPattern>& allowed) {
  const std::vector<std::string> origins = request.all("Origin");
  if (allowed.empty() || origins.empty()) return true;
  return origins.size() == 1 &&
         std::any_of(allowed.begin(), allowed.end(),
                     [&](const OriginPattern& pattern) { return pattern.matches(origins[0]); });
}

}  // namespace

Time Connection::head_deadline() const {
  return loop_.now() + std::min(kHeadTime, loop_.options().read_timeout);
}

std::size_t Connection::read_http(std::string_view data) {
  const std::size_t head_size = find_head_end(data.substr(0, kMaxHeadSize));
  if (head_size == 0) {
    if (data.size() >= kMaxHeadSize) {
      refuse_http(431);
      return 0;
    }
    if (!may_begin_head(data)) {
      refuse_http(400);
      return 0;
    }
    own_deadline_ = std::min(own_deadline_, head_deadline());
    loop_.update_deadline(*this);
    return 0;
  }
  const std::optional<HttpRequest> request = parse_head(data.substr(0, head_size));
  if (!request) {
    refuse_http(400);
  } else {
    answer_http(*request);
  }
  return head_size;
}

void Connection::answer_http(const HttpRequest& request) {
  const std::string& websocket_path = loop_.options().websocket_path;
  const bool is_websocket = websocket_path.empty() || request.path == websocket_path;
  if (is_websocket && request.method == "GET") return answer_upgrade(request);
  const bool loopback = client_of(request).is_local();
  queue(FrameBuilder(0).append(loop_.application_.on_http(request, loopback)).finish_raw());
  close_after_flush_ = !request.keep_alive;
  own_deadline_ = loop_.now() + loop_.options().read_timeout;
  loop_.update_deadline(*this);
}

ClientAddress Connection::client_of(const HttpRequest& request) const {
  const Admission* admission = loop_.admission_;
  if (admission == nullptr) return {address_, false};
  return admission->client_of(address_, request);
}

// A connection of a trusted proxy is counted here, by its client; others were when they came.
bool Connection::admit(const ClientAddress& client) {
  Admission* admission = loop_.admission_;
  admitted_ = admission != nullptr && admission->enter(client, loop_.now());
  return admission == nullptr || admitted_;
}

void Connection::answer_upgrade(const HttpRequest& request) {
  const UpgradeAnswer answer = check_upgrade(request);
  if (answer.status != 101) return refuse_http(answer.status);
  const auto offers = read_extension_offers(request);
  if (!offers) return refuse_http(400);
  if (!is_allowed_origin(request, loop_.options().allowed_origins)) return refuse_http(403);
  const ClientAddress client = client_of(request);
  address_ = client.address;
  if (!admitted_ && !admit(client)) return refuse_http(429);
  HttpHeaders extra;
  if (loop_.options().compression) {
    if (const auto agreed = agree_on_deflate(*offers)) {
      window_bits_ = agreed->window_bits;
      extra.emplace_back("Sec-WebSocket-Extensions", agreed->header);
    }
  }
  upgrade(request, render_switching_protocols(answer.accept_key, extra));
}

void Connection::upgrade(const HttpRequest& request, const std::string& response) {
  queue(FrameBuilder(response.size()).append(response).finish_raw());
  state_ = State::kOpen;
  own_deadline_ = kNever;
  next_ping_ = loop_.now() + first_ping_after(loop_.options().ping_interval, ref_.slot);
  loop_.update_deadline(*this);
  loop_.application_.on_open(*this, request);
}

void Connection::refuse_http(int status) {
  const std::string response = render_response(error_response(status));
  queue(FrameBuilder(response.size()).append(response).finish_raw());
  close_after_flush_ = true;
  own_deadline_ = loop_.now() + loop_.options().write_timeout;
  loop_.update_deadline(*this);
}

}  // namespace peer
