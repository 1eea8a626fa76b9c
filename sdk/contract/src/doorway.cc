#include "doorway.h"

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <utility>
#include <variant>

#include "hostile.h"

// A server's side of one auth plugin. In: newcomers, with what they say to challenges. Out:
// verdicts, and every fault in them. Any thread asks; answers come on whatever thread the plugin
// has. What a question hands over is overwritten when the call has returned.
namespace peer::sdk::contract {
namespace {

constexpr std::size_t kMaxContext = 64 * 1024;
constexpr int kMostChallenges = 4;

/// The texts of a request, parsed as the server does: once, when they are asked for, and null where
/// they are no value.
class ParsedFields final : public AuthFields {
 public:
  ParsedFields(std::string_view payload, std::string_view response)
      : payload_(read(payload)), response_(read(response)) {}
  [[nodiscard]] const Value& payload() const override { return payload_.value(); }
  [[nodiscard]] const Value& response() const override { return response_.value(); }

 private:
  static Value read(std::string_view text) {
    const auto value = parse_json(text);
    return value ? *value : Value();
  }

  FleetingValue payload_;
  FleetingValue response_;
};

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return (c >= 0 && c < 0x20) || c == 0x7F; });
}

/// Whether it is a pattern of names, as a grant has them: "lobby", "lobby*" or "*". A '*' may only
/// stand at the end.
bool is_pattern(std::string_view text) {
  const std::size_t star = text.find('*');
  return !text.empty() && (star == text.npos || star + 1 == text.size());
}

}  // namespace

void Answers::add(AuthVerdict verdict) {
  {
    const std::lock_guard lock(mutex_);
    verdicts_.push_back(std::move(verdict));
  }
  changed_.notify_all();
}

std::optional<AuthVerdict> Answers::first(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, patience, [this] { return !verdicts_.empty(); });
  return verdicts_.empty() ? std::nullopt : std::optional(verdicts_.front());
}

std::size_t Answers::count() {
  const std::lock_guard lock(mutex_);
  return verdicts_.size();
}

Doorway::Doorway(const AuthCase& with) : with_(with), made_(make<Auth>(with.plugin)) {
  may_pass_ = made_->may_pass();
  identity_prefix_ = made_->identity_prefix();
  made_->start(host_);
  const Result<void> started = made_.host->start();
  if (!started) throw std::runtime_error("it does not start: " + started.error().message);
}

std::shared_ptr<Answers> Doorway::ask(const Newcomer& newcomer, const Asking& asking) {
  auto answers = std::make_shared<Answers>();
  const Fleeting payload(newcomer.payload);
  const Fleeting address(newcomer.remote_address);
  const Fleeting origin(newcomer.origin);
  const Fleeting query(newcomer.query);
  const Fleeting response(asking.response);
  const Fleeting context(asking.context);
  const Fleeting refreshes(asking.refreshes);
  const ParsedFields fields(newcomer.payload, asking.response);
  auto headers = newcomer.headers;
  AuthRequest request{.payload = payload.view(),
                      .remote_address = address.view(),
                      .tls = true,
                      .origin = origin.view(),
                      .query = query.view(),
                      .headers = headers,
                      .response = response.view(),
                      .context = context.view(),
                      .parsed = &fields,
                      .refreshes = refreshes.view(),
                      .peer = {},
                      .granted = asking.granted};
  if (asking.refreshes.empty()) request.peer = peer_;
  try {
    made_->authenticate(request,
                        [answers](AuthVerdict verdict) { answers->add(std::move(verdict)); });
  } catch (const std::exception& failure) {
    const std::lock_guard lock(mutex_);
    faults_.push_back(std::string("authenticate threw '") + failure.what() +
                      "': " + newcomer.payload.substr(0, 300));
  }
  for (auto& [name, value] : headers) value.assign(value.size(), '\xDD');
  return answers;
}

std::optional<AuthVerdict> Doorway::judge(const Newcomer& newcomer) {
  auto verdict = ask(newcomer)->first(with_.patience);
  for (int i = 0; i < kMostChallenges && verdict; ++i) {
    check(*verdict, newcomer);
    const auto* challenge = std::get_if<AuthChallenge>(&*verdict);
    if (challenge == nullptr || !with_.answer) break;
    Asking asking;
    asking.response = with_.answer(newcomer, challenge->payload);
    asking.context = challenge->context;
    verdict = ask(newcomer, asking)->first(with_.patience);
  }
  if (verdict) check(*verdict, newcomer);
  return verdict;
}

void Doorway::stop() {
  if (made_.object == nullptr) return;
  made_.host->stop();
  made_.object.reset();
}

std::vector<std::string> Doorway::faults() {
  const std::lock_guard lock(mutex_);
  return faults_;
}

void Doorway::check(const AuthVerdict& verdict, const Newcomer& newcomer) {
  const std::string fault = fault_of(verdict);
  if (fault.empty()) return;
  const std::lock_guard lock(mutex_);
  faults_.push_back("it answered with " + fault + ": " + newcomer.payload.substr(0, 300));
}

std::string Doorway::fault_of(const AuthGrant& grant) const {
  if (grant.identity) {
    if (grant.identity->empty()) return "an empty identity";
    if (!identity_prefix_)
      return "an identity, while its identity_prefix() says that it grants none";
    if (!grant.identity->starts_with(*identity_prefix_))
      return "an identity without its identity_prefix()";
  }
  if (grant.alias &&
      (grant.alias->empty() || !is_utf8(*grant.alias) || has_control_character(*grant.alias))) {
    return "an alias that is empty, not UTF-8, or has a control character";
  }
  if (grant.rate_per_second == 0U) return "a rate of 0";
  if (!std::all_of(grant.namespaces.begin(), grant.namespaces.end(), is_pattern)) {
    return "a pattern that is empty, or has a '*' before its end";
  }
  return {};
}

std::string Doorway::fault_of(const AuthVerdict& verdict) const {
  if (const auto* grant = std::get_if<AuthGrant>(&verdict)) return fault_of(*grant);
  if (const auto* rejection = std::get_if<AuthRejection>(&verdict)) {
    if (rejection->message.empty()) return "a rejection without words for the client";
    return is_utf8(rejection->message) ? "" : "a rejection in words that are not UTF-8";
  }
  if (const auto* challenge = std::get_if<AuthChallenge>(&verdict)) {
    const auto payload = parse_json(challenge->payload);
    if (!payload || payload->as_object() == nullptr) return "a challenge that is no JSON object";
    return challenge->context.size() <= kMaxContext ? "" : "a context of more than 64 KiB";
  }
  return may_pass_ ? "" : "AuthPass, while its may_pass() says that it never does";
}

std::optional<AuthVerdict> judge(const AuthCase& with, const Newcomer& newcomer) {
  return Doorway(with).judge(newcomer);
}

}  // namespace peer::sdk::contract
