#include <algorithm>
#include <optional>
#include <utility>

#include "core/admin/ask_nodes.h"
#include "core/admin/bans_file.h"
#include "core/admin/json_body.h"
#include "core/admin/routes.h"
#include "core/protocol/json_text.h"
#include "core/session/banning.h"

// Bans in the Server API. They are kept in core/limit/bans.h.
namespace peer {
namespace {

constexpr std::int64_t kLongestBan = 315'360'000;  // seconds
constexpr std::size_t kLongestBanReason = 256;     // bytes
constexpr std::string_view kNotKept =
    "it counts, but only until the server ends: bans_file cannot be written, see the log";

std::string ban_json(const Ban& ban) {
  std::string json =
      "{\"target\":" + json_string(ban.target) + ",\"ends_at\":" + std::to_string(ban.ends_at);
  if (!ban.reason.empty()) json.append(",\"reason\":").append(json_string(ban.reason));
  return json + "}";
}

// By the node that was asked: others take it over, and tell nobody.
void tell_ban(const AdminCall& call, const Ban& ban, const char* change) {
  Events& events = call.node.events;
  if (!events.wanted(EventKind::kBan)) return;
  std::string members = "\"target\":" + json_string(ban.target);
  members.append(",\"change\":\"").append(change).append("\"");
  if (ban.ends_at != 0) members.append(",\"ends_at\":").append(std::to_string(ban.ends_at));
  events.tell(EventKind::kBan, std::move(members), call.loop.wall());
}

std::int64_t now_of(const AdminCall& call) { return call.loop.wall().time_since_epoch().count(); }

bool overlap(const AddressRange& a, const AddressRange& b) {
  return a.contains(b.first) || b.contains(a.first);
}

/// Why nobody may ban these addresses; empty: they can be banned.
std::string_view protected_by(const AdminCall& call, const BanTarget& target) {
  const auto* range = std::get_if<AddressRange>(&target);
  if (range == nullptr) return {};
  for (const char* own : {"127.0.0.0/8", "::1", "::"}) {
    if (overlap(*range, *parse_address_range(own))) return "target covers this machine";
  }
  const auto& proxies = call.node.config().trusted_proxies;
  const bool covers_proxy = std::any_of(proxies.begin(), proxies.end(), [&](const auto& text) {
    const auto proxy = parse_address_range(text);
    return proxy && overlap(*range, *proxy);
  });
  return covers_proxy ? "target covers an address of trusted_proxies" : std::string_view();
}

std::optional<std::string> read_target(const AdminCall& call, const std::string& text) {
  const auto target = parse_ban_target(text);
  if (!target) {
    call.refuse(400, "target must be a fingerprint, an address or a CIDR range");
    return std::nullopt;
  }
  if (const std::string_view why = protected_by(call, *target); !why.empty()) {
    call.refuse(400, why);
    return std::nullopt;
  }
  return to_text(*target);
}

}  // namespace

void list_bans(const AdminCall& call, const AdminTarget& target, const std::string&) {
  const auto limit = read_limit(call, target);
  if (!limit) return;
  const std::vector<Ban> bans =
      call.node.admission.bans().list(target.value("after"), *limit + 1, now_of(call));
  const std::size_t count = std::min(bans.size(), *limit);
  std::string json = "{\"bans\":[";
  for (std::size_t i = 0; i < count; ++i) json.append(i > 0 ? "," : "").append(ban_json(bans[i]));
  json.append("]");
  if (bans.size() > count) json.append(",\"next\":").append(json_string(bans[count - 1].target));
  call.ok(json + "}");
}

void put_ban(const AdminCall& call, const AdminTarget& target, const std::string& text) {
  const auto name = read_target(call, target.path[2]);
  if (!name) return;
  JsonBody body(call, text);
  if (!body.sound) return;
  const auto seconds = body.fields.optional_integer("seconds");
  const auto reason = body.fields.optional_text("reason", kLongestBanReason);
  if (body.fields.error()) return call.refuse(400, *body.fields.error());
  if (!seconds) return call.refuse(400, "seconds required");
  if (*seconds < 1 || *seconds > kLongestBan) {
    return call.refuse(400, "seconds must be from 1 to 315360000");
  }
  const std::int64_t now = now_of(call);
  const Ban ban{*name, next_change(call.node, *name, now), now + *seconds * 1000,
                std::string(reason.value_or(""))};
  const TakenBan taken = take_ban(call.node, ban, now);
  if (taken.change == Bans::Change::kFull) return call.refuse(409, "there are max_bans already");
  call.log_change("bans for " + std::to_string(*seconds) + " s", *name);
  tell_ban(call, ban, "banned");
  if (!taken.is_kept) return call.refuse(500, kNotKept);
  // Answered once it counts on all nodes.
  NodeQuestion question{NodeQuestion::Kind::kTakeBan};
  question.payload = bans_to_json({ban});
  call.talk.ask(question, Wanted::kAll, [call, ban](const NodeAnswers& answers) {
    std::string json = ban_json(ban);
    json.insert(json.size() - 1, missing_json(answers));
    call.ok(std::move(json));
  });
}

void lift_ban(const AdminCall& call, const AdminTarget& target, const std::string&) {
  const auto parsed = parse_ban_target(target.path[2]);
  if (!parsed) {
    return call.refuse(400, "target must be a fingerprint, an address or a CIDR range");
  }
  const std::string name = to_text(*parsed);
  const std::int64_t now = now_of(call);
  const bool is_here = call.node.admission.bans().find(name, now).has_value();
  const Ban lifted{name, next_change(call.node, name, now), 0, {}};
  TakenBan taken;
  if (is_here) taken = take_ban(call.node, lifted, now);
  NodeQuestion question{NodeQuestion::Kind::kLiftBan};
  question.payload = bans_to_json({lifted});
  call.talk.ask(question, Wanted::kAll,
                [call, is_here, lifted, is_kept = taken.is_kept](const NodeAnswers& answers) {
                  if (!is_here && !is_found(answers))
                    return refuse_missing(call, answers, "ban not found");
                  call.log_change("lifts a ban", lifted.target);
                  tell_ban(call, lifted, "lifted");
                  if (!is_kept) return call.refuse(500, kNotKept);
                  call.ok("{\"lifted\":true" + missing_json(answers) + "}");
                });
}

}  // namespace peer
