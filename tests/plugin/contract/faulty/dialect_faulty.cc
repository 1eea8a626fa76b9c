#include <stdexcept>

#include <peer/sdk/dialect.h>

#include "fault.h"

namespace {

using namespace peer::sdk;
using faulty::is;

/// "say TEXT" is passed on to the lobby, and comes back to others as "heard TEXT".
class FaultySession final : public DialectSession {
 public:
  FaultySession(DialectPeer& peer, const DialectHost& host) : peer_(peer), host_(host) {
    peer_.send(is("keeps_count") ? "hello " + std::to_string(++count_) : "hello");
  }

  void hear(std::string_view text) override {
    if (is("blocks")) faulty::take_too_long();
    if (is("knows_its_thread")) peer_.send(faulty::thread_name());
    if (is("keeps_views") && !kept_.empty()) peer_.send(kept_);
    kept_ = text;
    if (!text.starts_with("say ")) return hear_nonsense();
    const auto data = "[" + std::to_string(text.size()) + "]";
    peer_.broadcast("lobby", data);
    peer_.say(R"({"type":"ping"})");
  }
  void tell(const DialectMessage& message) override {
    if (is("throws_at_news") && message.type == "kick") throw std::runtime_error("ouch");
    if (message.type == "broadcast" && host_.elements_of(message.data)) peer_.send("heard");
  }
  void undelivered(std::string_view) override {}
  std::string last_word(const DialectEnding&) override {
    return is("last_word_not_utf8") ? "\xFF" : "bye";
  }

 private:
  void hear_nonsense() {
    if (is("throws_at_nonsense")) throw std::runtime_error("what?");
    if (is("sends_no_utf8")) peer_.send("\xFF");
    if (is("says_no_json")) peer_.say("{");
    if (is("says_without_type")) peer_.say("{}");
    if (is("broadcasts_no_json")) peer_.broadcast("lobby", "?");
    if (!is("asks_for_much")) return;
    for (std::size_t i = 0; i <= kMaxDialectActions; ++i) peer_.say(R"({"type":"ping"})");
  }

  DialectPeer& peer_;
  const DialectHost& host_;
  std::string_view kept_;
  inline static int count_ = 0;
};

class FaultyDialect final : public Dialect {
 public:
  FaultyDialect() {
    if (is("leaves_a_thread")) faulty::leave_a_thread();
  }

  DialectTraits traits() const override {
    if (is("changes_its_mind")) ++asked_;
    return {.upgrade_path = is("bad_path") ? "path/" : "/path" + std::to_string(asked_),
            .http_paths = {"/ids"},
            .realm = "realm",
            .home = std::nullopt};
  }
  void start(DialectHost& host) override { host_ = &host; }
  std::variant<DialectEntry, DialectRejection> open(const DialectRequest& request) override {
    const auto id = request.parameter("id");
    const bool is_stranger = !id || id->empty() || id->find('\0') != id->npos;
    if (is("throws_at_strangers") && is_stranger) throw std::runtime_error("who?");
    if (is("turns_all_away")) return DialectRejection{"no"};
    if (is_stranger) return DialectRejection{is("words_not_utf8") ? "\xFF" : "no"};
    return DialectEntry{*id, {}};
  }
  std::string refusal(const DialectRefusal& refusal) const override {
    return is("refuses_in_no_utf8") ? "\xFF" : "sorry " + std::string(refusal.message);
  }
  std::unique_ptr<DialectSession> begin(DialectPeer& peer) override {
    if (is("makes_nothing")) return nullptr;
    return std::make_unique<FaultySession>(peer, *host_);
  }
  DialectResponse answer(const DialectRequest& request) override {
    DialectResponse response;
    if (is("throws_at_requests")) throw std::runtime_error("what?");
    if (is("unknown_status")) response.status = 99;
    if (is("knows_no_path")) response.status = 404;
    if (is("header_with_lines")) response.headers = {{"X", "a\r\nb"}};
    response.wants_ids = request.ids == nullptr || is("asks_for_ids_again");
    return response;
  }

 private:
  const DialectHost* host_ = nullptr;
  mutable int asked_ = 0;
};

}  // namespace

PEER_PLUGIN(peer::sdk::Dialect, "faulty", "1.0.0", (faulty::make<Dialect, FaultyDialect>))
