#include "foreign_client.h"

#include <exception>
#include <utility>
#include <variant>

#include <peer/sdk/contract/json_text.h>
#include <peer/sdk/json.h>

#include "hostile.h"

// What a server is to a dialect, without one. In: calls of a test. Out: calls of the plugin with
// texts that end with them, and lines of what it asks for. Counts of members are given when the
// call that has asked for them has returned.
namespace peer::sdk::contract {
namespace {

constexpr std::size_t kLongestText = 65536 + 65536;
constexpr int kDeepest = 1024;

/// Finds where values end (RFC 8259); nothing is made of them.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  /// Calls `visit(key, value)` for each member, or with an empty key for each element; nullopt
  /// kind: a value of another kind is whole, too.
  using Visit = std::function<void(std::string_view key, std::string_view value)>;
  bool whole(char open, const Visit& visit) {
    blanks();
    if (at_ == text_.size() || text_[at_] != open || !container(1, &visit)) return false;
    blanks();
    return at_ == text_.size();
  }
  bool whole() {
    if (!value(0)) return false;
    blanks();
    return at_ == text_.size();
  }

 private:
  void blanks() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }
  bool take(char c) {
    blanks();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool value(int depth) {
    blanks();
    if (at_ == text_.size()) return false;
    const char c = text_[at_];
    if (c == '{' || c == '[') return depth < kDeepest && container(depth + 1, nullptr);
    if (c == '"') return string();
    const std::size_t end = std::min(text_.find_first_of(",]} \t\r\n", at_), text_.size());
    const std::string_view word = text_.substr(at_, end - at_);
    at_ = end;
    return static_cast<bool>(parse_json(word));
  }
  bool string() {
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '"') return ++at_, true;
      if (static_cast<unsigned char>(text_[at_]) < 0x20) return false;
      if (text_[at_] == '\\') ++at_;
    }
    return false;
  }
  bool container(int depth, const Visit* visit) {
    const bool is_object = text_[at_++] == '{';
    const char close = is_object ? '}' : ']';
    if (take(close)) return true;
    do {
      blanks();
      std::size_t from = at_;
      std::string_view key;
      if (is_object) {
        if (at_ == text_.size() || text_[at_] != '"' || !string()) return false;
        key = text_.substr(from, at_ - from);
        if (!take(':')) return false;
        blanks();
        from = at_;
      }
      if (!value(depth)) return false;
      if (visit != nullptr) (*visit)(key, text_.substr(from, at_ - from));
    } while (take(','));
    return take(close);
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

// --- ForeignHost

Fingerprint ForeignHost::fingerprint_of(std::string_view id) const noexcept {
  return peer_number(static_cast<std::uint32_t>(std::hash<std::string_view>{}(id)));
}

std::optional<std::vector<JsonMemberView>> ForeignHost::members_of(
    std::string_view json) const noexcept {
  std::vector<JsonMemberView> members;
  bool sound = is_utf8(json);
  sound = sound && Scanner(json).whole('{', [&](std::string_view key, std::string_view value) {
    auto text = string_of(key);
    sound = sound && text;
    if (text) members.push_back({std::move(*text), value});
  }) && sound;
  return sound ? std::optional(std::move(members)) : std::nullopt;
}

std::optional<std::vector<std::string_view>> ForeignHost::elements_of(
    std::string_view json) const noexcept {
  std::vector<std::string_view> elements;
  const bool sound =
      is_utf8(json) && Scanner(json).whole('[', [&](std::string_view, std::string_view value) {
        elements.push_back(value);
      });
  return sound ? std::optional(std::move(elements)) : std::nullopt;
}

std::optional<std::string> ForeignHost::string_of(std::string_view json) const noexcept {
  if (!json.starts_with('"')) return std::nullopt;
  const Result<Value> value = parse_json(json);
  const std::string* text = value ? value->as_string() : nullptr;
  return text == nullptr ? std::nullopt : std::optional(*text);
}

// --- Embassy

Embassy::Embassy(const DialectCase& with) : made_(make<Dialect>(with.plugin)) {
  traits_ = made_->traits();
  made_->start(host_);
}

// --- ForeignClient

ForeignClient::ForeignClient(Embassy& embassy, std::string_view query, Texts texts)
    : texts_(texts) {
  home_ = !embassy.traits().home           ? std::string()
          : embassy.traits().home->empty() ? host_.namespace_of({})
                                           : *embassy.traits().home;
  run("open and begin", [&] {
    std::variant<DialectEntry, DialectRejection> opened;
    {
      const auto path = lend(embassy.traits().upgrade_path);
      const auto words = lend(query);
      DialectRequest request;
      request.method = "GET";
      request.path = path->view();
      request.query = words->view();
      request.origin = "https://example.com";
      request.remote_address = "192.0.2.7";
      opened = embassy.plugin().open(request);
    }
    const auto* entry = std::get_if<DialectEntry>(&opened);
    if (entry == nullptr) return;
    id_ = entry->id.empty() ? "made" : entry->id;
    fingerprint_ = host_.fingerprint_of(id_);
    session_ = embassy.plugin().begin(*this);
  });
}

ForeignClient::~ForeignClient() { session_.reset(); }

template <typename Call>
void ForeignClient::run(const char* name, Call&& call) {
  actions_ = 0;
  try {
    call();
    heard_.reset();
    while (!counts_.empty() && session_ != nullptr) {
      const auto then = std::move(counts_.front());
      counts_.pop_front();
      actions_ = 0;
      then(2);
    }
  } catch (const std::exception& failure) {
    faults_.push_back(std::string(name) + " throws: " + failure.what());
  } catch (...) {
    faults_.push_back(std::string(name) + " throws");
  }
  heard_.reset();
}

std::shared_ptr<const Fleeting> ForeignClient::lend(std::string_view text) {
  auto lent = std::make_shared<const Fleeting>(text);
  if (texts_ == Texts::kLast) lasting_.push_back(lent);
  return lent;
}

void ForeignClient::hear(std::string_view text) {
  run("hear()", [&] {
    const auto lent = lend(text);
    heard_ = lent->view();
    session_->hear(lent->view());
  });
}

void ForeignClient::tell(std::string_view type, std::string_view payload, std::string_view from_id,
                         std::string_view ns, std::string_view id) {
  std::string text = "{\"type\":" + json_string(type);
  if (!id.empty()) text.append(",\"id\":").append(id);
  if (!ns.empty()) text.append(",\"namespace\":").append(json_string(ns));
  if (!payload.empty()) text.append(",\"payload\":").append(payload);
  text += "}";
  run("tell()", [&] {
    const auto whole = lend(text);
    const auto kind = lend(type);
    const auto name = lend(ns);
    DialectMessage message;
    message.text = whole->view();
    message.type = kind->view();
    if (!from_id.empty()) message.from = host_.fingerprint_of(from_id);
    message.ns = name->view();
    const auto members = host_.members_of(message.text);
    for (const JsonMemberView& member : *members) {
      if (member.key == "id") message.id = member.value;
      if (member.key == "payload") message.payload = member.value;
    }
    if (const auto inner = host_.members_of(message.payload)) {
      for (const JsonMemberView& member : *inner) {
        if (type == "broadcast" && member.key == "data") message.data = member.value;
        if (type == "error" && member.key == "code") message.code = std::atoi(member.value.data());
      }
    }
    session_->tell(message);
  });
}

void ForeignClient::undelivered(std::string_view id) {
  run("undelivered()", [&] {
    const auto lent = lend(id);
    session_->undelivered(lent->view());
  });
}

void ForeignClient::wake() {
  now_ += std::chrono::hours(1);
  run("wake()", [&] { session_->wake(); });
}

void ForeignClient::end(std::uint16_t code, std::string_view reason) {
  run("last_word()", [&] {
    const auto words = lend(reason);
    const std::string last = session_->last_word({code, words->view()});
    expect_text("last_word()", last);
    if (!last.empty()) note("last " + last);
  });
}

void ForeignClient::note(std::string line) { asked_.push_back(std::move(line)); }

void ForeignClient::expect_text(const char* what, std::string_view text) {
  if (!is_utf8(text)) faults_.push_back(std::string(what) + ": a text that is not UTF-8");
  if (text.size() > kLongestText)
    faults_.push_back(std::string(what) + ": a text that is too long");
}

void ForeignClient::expect_json(const char* what, std::string_view text, bool object) {
  expect_text(what, text);
  const bool sound = object ? host_.members_of(text).has_value() : Scanner(text).whole();
  if (!sound)
    faults_.push_back(std::string(what) + ": what is no JSON: " + std::string(text.substr(0, 200)));
}

std::optional<std::vector<JsonMemberView>> ForeignClient::heard_members() const noexcept {
  return heard_ ? host_.members_of(*heard_) : std::nullopt;
}

bool ForeignClient::send(std::string_view text) noexcept {
  expect_text("send()", text);
  note("send " + std::string(text));
  return true;
}

void ForeignClient::count_action() {
  if (++actions_ != kMaxDialectActions + 1) return;
  faults_.push_back("more than " + std::to_string(kMaxDialectActions) +
                    " things asked for in one call");
}

void ForeignClient::say(std::string_view message) noexcept {
  count_action();
  expect_json("say()", message, true);
  const auto members = host_.members_of(message);
  bool has_type = false;
  for (const JsonMemberView& member : members.value_or(std::vector<JsonMemberView>())) {
    has_type = has_type || (member.key == "type" && host_.string_of(member.value));
  }
  if (!has_type) faults_.push_back("say(): a message without a type");
  note("say " + std::string(message));
}

void ForeignClient::direct(std::string_view id, std::string_view payload,
                           std::chrono::milliseconds wait) noexcept {
  count_action();
  expect_json("direct()", payload, false);
  note("direct " + std::string(id) + " " + std::string(payload) + " " +
       std::to_string(wait.count()));
}

void ForeignClient::broadcast(std::string_view ns, std::string_view data) noexcept {
  count_action();
  expect_json("broadcast()", data, false);
  expect_text("broadcast()", ns);
  note("broadcast " + std::string(ns) + " " + std::string(data));
}

void ForeignClient::count_members(std::string_view,
                                  std::function<void(std::uint64_t)> then) noexcept {
  counts_.push_back(std::move(then));
}

void ForeignClient::wake_after(std::chrono::milliseconds time) noexcept {
  note("wake " + std::to_string(time.count()));
}

void ForeignClient::close() noexcept { note("close"); }

}  // namespace peer::sdk::contract
