// Clients of y-webrtc, the provider of Yjs: what its signaling server hears and says, with the
// peers of other nodes. A topic is a namespace, which who subscribes joins; what is published goes
// to its members as `broadcast`. See README.md.
//
//   dialects: [{name: y_webrtc, options: {path: /y}}]

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <peer/sdk/dialect.h>
#include <peer/sdk/json.h>
#include <peer/sdk/plugin.h>

using namespace peer::sdk;

namespace {

using Members = std::vector<JsonMemberView>;

constexpr std::size_t kMostTopics = 64;  // of one message

/// As JavaScript has it: of a key that is there twice the last one counts.
std::string_view find(const Members& members, std::string_view key) {
  const auto found = std::find_if(members.rbegin(), members.rend(),
                                  [&](const JsonMemberView& member) { return member.key == key; });
  return found == members.rend() ? std::string_view() : found->value;
}

/// The message as it came, but with the number of who hears it: behind the other members, or
/// wherever the client has put one itself.
std::string with_clients(std::string_view message, const Members& members, std::uint64_t clients) {
  const std::string number = std::to_string(clients);
  std::string out;
  std::size_t copied = 0;
  bool is_told = false;
  for (const JsonMemberView& member : members) {
    if (member.key != "clients") continue;
    const auto at = static_cast<std::size_t>(member.value.data() - message.data());
    out.append(message.substr(copied, at - copied)).append(number);
    copied = at + member.value.size();
    is_told = true;
  }
  const std::size_t end = message.rfind('}');
  out.append(message.substr(copied, end - copied));
  if (!is_told) out.append(",\"clients\":").append(number);
  return out.append(message.substr(end));
}

class YSession final : public DialectSession {
 public:
  YSession(DialectPeer& peer, const DialectHost& host, const std::string& prefix)
      : peer_(peer), host_(host), prefix_(prefix) {}

  void hear(std::string_view text) override {
    const auto members = host_.members_of(text);
    if (!members) return;
    const std::string type = text_of(find(*members, "type"));
    if (type == "ping") {
      peer_.send(R"({"type":"pong"})");
    } else if (type == "subscribe") {
      for (const std::string& topic : topics_in(*members)) subscribe(topic);
    } else if (type == "unsubscribe") {
      for (const std::string& topic : topics_in(*members)) unsubscribe(topic);
    } else if (type == "publish") {
      publish(text, *members);
    }
  }

  void tell(const DialectMessage& message) override {
    if (message.type == "broadcast") return pass_on(message);
    if (message.type != "error" || message.id.empty()) return;
    // A join that has come to nothing; ids are the numbers of topics.
    const auto refused = std::find_if(topics_.begin(), topics_.end(), [&](const Topic& topic) {
      return std::to_string(topic.number) == message.id;
    });
    if (refused != topics_.end()) topics_.erase(refused);
  }

 private:
  /// One that the client has subscribed to.
  struct Topic {
    std::string name;  ///< as clients say it
    std::string ns;
    std::uint64_t number = 0;
  };

  [[nodiscard]] std::string text_of(std::string_view raw) const {
    return host_.string_of(raw).value_or(std::string());
  }

  /// What is no text among them is passed over, and what is more than a call may ask for.
  [[nodiscard]] std::vector<std::string> topics_in(const Members& members) const {
    std::vector<std::string> topics;
    const auto elements = host_.elements_of(find(members, "topics"));
    for (const std::string_view raw : elements.value_or(std::vector<std::string_view>())) {
      if (topics.size() == kMostTopics) break;
      if (auto topic = host_.string_of(raw)) topics.push_back(std::move(*topic));
    }
    return topics;
  }

  /// With a namespace in the options topics are named so that native clients find them; one that
  /// would be too long is nobody else's.
  [[nodiscard]] std::string namespace_of(const std::string& topic) const {
    const bool is_named =
        !prefix_.empty() && prefix_.size() + topic.size() <= host_.max_name_length();
    return is_named ? prefix_ + topic : host_.namespace_of(topic);
  }

  [[nodiscard]] std::vector<Topic>::iterator find_topic(std::string_view ns) {
    return std::find_if(topics_.begin(), topics_.end(),
                        [&](const Topic& topic) { return topic.ns == ns; });
  }

  void subscribe(const std::string& topic) {
    std::string ns = namespace_of(topic);
    if (find_topic(ns) != topics_.end()) return;
    const std::uint64_t number = ++last_number_;
    peer_.say("{\"type\":\"join\",\"id\":" + std::to_string(number) +
              ",\"payload\":{\"namespace\":" + json_string(ns) + "}}");
    topics_.push_back({topic, std::move(ns), number});
  }

  void unsubscribe(const std::string& topic) {
    const auto known = find_topic(namespace_of(topic));
    if (known == topics_.end()) return;
    peer_.say("{\"type\":\"leave\",\"payload\":{\"namespace\":" + json_string(known->ns) + "}}");
    topics_.erase(known);
  }

  void publish(std::string_view text, const Members& members) {
    const auto topic = host_.string_of(find(members, "topic"));
    if (!topic) return;
    // One that it has subscribed to is known: to make its namespace takes a hash.
    const auto known = std::find_if(topics_.begin(), topics_.end(),
                                    [&](const Topic& own) { return own.name == *topic; });
    std::string ns = known != topics_.end() ? known->ns : namespace_of(*topic);
    peer_.count_members(ns, [this, ns, message = std::string(text)](std::uint64_t clients) {
      // Nobody hears it.
      if (clients == 0) return;
      const auto again = host_.members_of(message);
      if (!again) return;
      const std::string told = with_clients(message, *again, clients);
      if (find_topic(ns) != topics_.end()) peer_.send(told);
      peer_.broadcast(ns, told);
    });
  }

  /// What a client of this dialect has published goes on as it is. A native peer's broadcast has
  /// only what it wants to say.
  void pass_on(const DialectMessage& message) {
    const auto members = host_.members_of(message.data);
    if (members && text_of(find(*members, "type")) == "publish") {
      peer_.send(message.data);
    } else if (!prefix_.empty() && message.ns.starts_with(prefix_) && !message.data.empty()) {
      peer_.send(
          "{\"type\":\"publish\",\"topic\":" + json_string(message.ns.substr(prefix_.size())) +
          ",\"data\":" + std::string(message.data) + "}");
    }
  }

  DialectPeer& peer_;
  const DialectHost& host_;
  const std::string& prefix_;
  std::vector<Topic> topics_;  ///< few: a client has one for each of its documents
  std::uint64_t last_number_ = 0;
};

class YWebrtc final : public Dialect {
 public:
  YWebrtc(std::string path, std::string prefix)
      : path_(std::move(path)), prefix_(std::move(prefix)) {}

  DialectTraits traits() const override {
    return {.upgrade_path = path_, .http_paths = {}, .realm = path_, .home = std::nullopt};
  }
  void start(DialectHost& host) override { host_ = &host; }
  std::variant<DialectEntry, DialectRejection> open(const DialectRequest&) override {
    return DialectEntry();
  }
  /// The protocol has no word for it: the client comes again.
  std::string refusal(const DialectRefusal&) const override { return {}; }
  std::unique_ptr<DialectSession> begin(DialectPeer& peer) override {
    return std::make_unique<YSession>(peer, *host_, prefix_);
  }

 private:
  const std::string path_;
  const std::string prefix_;
  const DialectHost* host_ = nullptr;
};

Result<std::unique_ptr<Dialect>> make_y_webrtc(PluginConfig& config) {
  std::string path = config.string("path", "/y");
  std::string prefix = config.string("namespace", "");
  if (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return std::make_unique<YWebrtc>(std::move(path), std::move(prefix));
}

}  // namespace

PEER_PLUGIN(peer::sdk::Dialect, "y_webrtc", "1.0.0", make_y_webrtc)
