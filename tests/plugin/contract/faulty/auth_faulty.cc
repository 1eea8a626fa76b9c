#include <stdexcept>

#include <peer/sdk/auth.h>

#include "fault.h"

namespace {

using namespace peer::sdk;
using faulty::is;

/// `who` decides: "friend" comes in, "asked" has to answer {"word":"please"}, "unknown" is left to
/// others, and all the rest is turned away.
class FaultyAuth final : public Auth {
 public:
  FaultyAuth() {
    if (is("leaves_a_thread")) faulty::leave_a_thread();
  }

  void authenticate(const AuthRequest& request, AuthReply reply) override {
    const std::string who = text_of(request.fields(), "who");
    if (is("blocks")) faulty::take_too_long();
    if (is("throws_at_strangers") && who.empty()) throw std::runtime_error("who?");
    if (is("says_nothing_to_strangers") && who.empty()) return;
    if (!request.context.empty()) return reply(judge(request));
    AuthVerdict verdict = of(who);
    if (is("turns_all_away")) verdict = AuthRejection{"no"};
    if (is("lets_all_in")) verdict = AuthGrant{};
    if (is("knows_its_thread") && faulty::thread_name() != first_thread())
      verdict = AuthRejection{"no"};
    if (!request.refreshes.empty()) verdict = of_a_peer();
    if (request.granted != nullptr) verdict = AuthPass{};
    if (request.granted != nullptr && is("asks_at_a_renewal"))
      verdict = AuthChallenge{"{}", "asked"};
    if (auto* grant = std::get_if<AuthGrant>(&verdict)) spoil(*grant);
    if (auto* rejection = std::get_if<AuthRejection>(&verdict)) spoil(*rejection);
    if (is("answers_twice")) reply(verdict);
    reply(std::move(verdict));
  }

  bool may_pass() const override {
    if (is("changes_its_mind")) return (asked_ = !asked_);
    return !is("does_not_say_that_it_passes");
  }
  bool takes_tokens() const override { return true; }
  bool renews() const override { return true; }
  std::optional<std::string> identity_prefix() const override { return "faulty:"; }

 private:
  static std::string text_of(const Value& fields, std::string_view key) {
    const Value* value = fields.find(key);
    const std::string* text = value == nullptr ? nullptr : value->as_string();
    return text == nullptr ? std::string() : *text;
  }
  static AuthVerdict of(const std::string& who) {
    if (who == "friend")
      return AuthGrant{.identity = "faulty:friend",
                       .alias = {},
                       .expires = {},
                       .namespaces = {},
                       .rate_per_second = {}};
    if (who == "asked")
      return AuthChallenge{is("asks_in_no_json") ? "?" : R"({"say":"please"})", "asked"};
    if (who == "unknown") return AuthPass{};
    return AuthRejection{"nobody knows you"};
  }
  static AuthVerdict judge(const AuthRequest& request) {
    const bool is_right = text_of(request.response_fields(), "word") == "please";
    if (is_right || is("takes_any_answer")) return AuthGrant{};
    return AuthRejection{"say please"};
  }
  static AuthVerdict of_a_peer() {
    if (is("asks_who_is_there")) return AuthPass{};
    return AuthRejection{"no token"};
  }
  static void spoil(AuthGrant& grant) {
    if (is("grants_no_name")) grant.identity = "";
    if (is("forgets_its_prefix")) grant.identity = "friend";
    if (is("alias_with_control_characters")) grant.alias = "a\nb";
    if (is("grants_no_messages")) grant.rate_per_second = 0;
    if (is("bad_pattern")) grant.namespaces = {"a*b"};
  }
  static void spoil(AuthRejection& rejection) {
    if (is("no_words")) rejection.message.clear();
    if (is("words_not_utf8")) rejection.message = "\xFF";
  }
  static const std::string& first_thread() {
    static const std::string first = faulty::thread_name();
    return first;
  }

  mutable bool asked_ = false;
};

}  // namespace

PEER_PLUGIN(peer::sdk::Auth, "faulty", "1.0.0", (faulty::make<Auth, FaultyAuth>))
