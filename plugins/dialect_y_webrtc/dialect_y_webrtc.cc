// Clients of y-webrtc, the provider of Yjs: what its signaling server hears and says, with the
// peers of other nodes. A topic is a namespace, which who subscribes joins; what is published goes
// to its members as `broadcast`. See README.md.
//
//   dialects: [{name: y_webrtc, options: {path: /y}}]

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <peer/sdk/dialect.h>
#include <peer/sdk/host.h>
#include <peer/sdk/json.h>
#include <peer/sdk/plugin.h>

using namespace peer::sdk;

namespace {

using Members = std::vector<JsonMemberView>;

constexpr std::int64_t kTopics = 1000;  // of one `subscribe`, if the options say nothing else
constexpr std::int64_t kMostTopics = kMaxDialectActions;
// What the rate has refused is asked for again, so many in so long: less than the default rate, so
// that some of it is left for what the client says.
constexpr std::size_t kAskedAgain = 64;
constexpr std::chrono::milliseconds kAskAgainAfter{1000};

/// As JavaScript has it: of a key that is there twice the last one counts.
std::string_view find(const Members& members, std::string_view key) {
  const auto found = std::find_if(members.rbegin(), members.rend(),
                                  [&](const JsonMemberView& member) { return member.key == key; });
  return found == members.rend() ? std::string_view() : found->value;
}

/// A message as it came, but for the number of who hears it: that stands between the parts. It is
/// behind the other members, or wherever the client has put one itself.
std::vector<std::string> around_clients(std::string_view message, const Members& members) {
  std::vector<std::string> parts;
  std::size_t copied = 0;
  for (const JsonMemberView& member : members) {
    if (member.key != "clients") continue;
    const auto at = static_cast<std::size_t>(member.value.data() - message.data());
    parts.emplace_back(message.substr(copied, at - copied));
    copied = at + member.value.size();
  }
  const std::size_t end = message.rfind('}');
  if (parts.empty()) {
    parts.emplace_back(message.substr(0, end)).append(",\"clients\":");
    copied = end;
  }
  parts.emplace_back(message.substr(copied));
  return parts;
}

std::string with_clients(const std::vector<std::string>& parts, std::uint64_t clients) {
  const std::string number = std::to_string(clients);
  std::string out = parts.front();
  for (std::size_t i = 1; i < parts.size(); ++i) out.append(number).append(parts[i]);
  return out;
}

struct Options {
  std::string path = "/y";
  std::string prefix{};  ///< of namespaces; empty: topics are namespaces of their own
  std::size_t max_topics = 0;
};

/// What the options and the server are to all sessions.
struct Surroundings {
  const DialectHost& host;
  PluginHost& plugin_host;
  const Options& options;
};

class YSession final : public DialectSession {
 public:
  YSession(DialectPeer& peer, const Surroundings& around)
      : peer_(peer), around_(around), host_(around.host), prefix_(around.options.prefix) {}

  void hear(std::string_view text) override {
    asked_ = 0;
    const auto members = peer_.heard_members();
    if (!members) return;
    const std::string type = text_of(find(*members, "type"));
    if (type == "ping") {
      peer_.send(R"({"type":"pong"})");
    } else if (type == "subscribe") {
      subscribe_all(*members);
    } else if (type == "unsubscribe") {
      for (const std::string& topic : topics_in(*members)) want(topic, false);
    } else if (type == "publish") {
      publish(text, *members);
    }
  }

  void tell(const DialectMessage& message) override {
    asked_ = 0;
    if (message.type == "broadcast") return pass_on(message);
    if (message.type == "kick" || message.type == "room_closed") return put_out(message.ns);
    if (!message.id.empty()) hear_answer(message);
  }

  void wake() override {
    asked_ = 0;
    wakes_ = false;
    for (std::size_t i = 0; i < kAskedAgain && !later_.empty(); ++i) {
      const std::string name = std::move(later_.front());
      later_.pop_front();
      if (const auto topic = topics_.find(name); topic != topics_.end()) {
        topic->second.is_later = false;
        settle(topic);
      }
    }
    if (!later_.empty()) wake_later();
  }

 private:
  /// One that the client has subscribed to, or is about to leave. What the client wants and what
  /// the server has done so far may differ: one question at a time is on its way for that, or it is
  /// among `later_`.
  struct Topic {
    std::string ns;
    std::uint64_t question = 0;  ///< the id of the join or leave on its way; 0: none is
    bool is_wanted = true;
    bool is_member = false;
    bool is_later = false;
  };
  using Topics = std::map<std::string, Topic>;

  [[nodiscard]] std::string text_of(std::string_view raw) const {
    return host_.string_of(raw).value_or(std::string());
  }

  /// What is no text among them is passed over.
  [[nodiscard]] std::vector<std::string> topics_in(const Members& members) const {
    std::vector<std::string> topics;
    const auto elements = host_.elements_of(find(members, "topics"));
    for (const std::string_view raw : elements.value_or(std::vector<std::string_view>())) {
      if (auto topic = host_.string_of(raw)) topics.push_back(std::move(*topic));
    }
    return topics;
  }

  void subscribe_all(const Members& members) {
    const std::vector<std::string> topics = topics_in(members);
    const std::size_t most = around_.options.max_topics;
    for (std::size_t i = 0; i < std::min(topics.size(), most); ++i) want(topics[i], true);
    if (topics.size() <= most) return;
    around_.plugin_host.log_warning("a client subscribes to more than " + std::to_string(most) +
                                    " topics in one message; what follows these is passed over "
                                    "(option max_topics_per_message)");
  }

  /// With a namespace in the options topics are named so that native clients find them; one that
  /// would be too long is nobody else's.
  [[nodiscard]] std::string namespace_of(const std::string& topic) const {
    const bool is_named =
        !prefix_.empty() && prefix_.size() + topic.size() <= host_.max_name_length();
    return is_named ? prefix_ + topic : host_.namespace_of(topic);
  }

  void want(const std::string& name, bool is_wanted) {
    auto topic = topics_.find(name);
    if (topic == topics_.end()) {
      if (!is_wanted) return;
      topic = topics_.emplace(name, Topic{namespace_of(name)}).first;
    }
    topic->second.is_wanted = is_wanted;
    settle(topic);
  }

  /// Asks for what is still to be done. The topic may be gone when this returns.
  void settle(Topics::iterator at) {
    Topic& topic = at->second;
    if (topic.question != 0 || topic.is_later) return;
    if (topic.is_wanted == topic.is_member) {
      if (!topic.is_wanted) topics_.erase(at);
      return;
    }
    if (asked_ == kMaxDialectActions) return settle_later(at);
    ++asked_;
    topic.question = ++last_question_;
    questions_.emplace(topic.question, at->first);
    peer_.say(std::string(R"({"type":")") + (topic.is_wanted ? "join" : "leave") + R"(","id":)" +
              std::to_string(topic.question) + R"(,"payload":{"namespace":)" +
              json_string(topic.ns) + "}}");
  }

  void settle_later(Topics::iterator at) {
    at->second.is_later = true;
    later_.push_back(at->first);
    if (!wakes_) wake_later();
  }

  void wake_later() {
    wakes_ = true;
    peer_.wake_after(kAskAgainAfter);
  }

  void hear_answer(const DialectMessage& message) {
    std::uint64_t number = 0;
    std::from_chars(message.id.data(), message.id.data() + message.id.size(), number);
    const auto question = questions_.find(number);
    if (question == questions_.end()) return;
    const auto at = topics_.find(question->second);
    questions_.erase(question);
    Topic& topic = at->second;
    topic.question = 0;
    if (message.type != "error") {
      topic.is_member = !topic.is_member;
    } else if (is_over_rate(message)) {
      // Unless the client has changed its mind meanwhile.
      return topic.is_wanted == topic.is_member ? settle(at) : settle_later(at);
    } else if (topic.is_member) {
      topic.is_member = false;  // it was none any more
    } else {
      topic.is_wanted = false;
      around_.plugin_host.log_warning("a client cannot subscribe to a topic: " + words_of(message));
    }
    settle(at);
  }

  /// The owner of a room, or its end, has put the client out: it is no member of that topic any
  /// more, and may subscribe again. A leave that is on its way hears so by its answer.
  void put_out(std::string_view ns) {
    std::erase_if(topics_, [&](const auto& topic) {
      return topic.second.ns == ns && topic.second.question == 0;
    });
  }

  [[nodiscard]] std::string words_of(const DialectMessage& error) const {
    const auto members = host_.members_of(error.payload);
    return members ? text_of(find(*members, "message")) : std::string();
  }
  /// Other limits have the same number, and stay.
  [[nodiscard]] bool is_over_rate(const DialectMessage& error) const {
    return error.code == 429 && words_of(error) == "rate limited";
  }

  void publish(std::string_view text, const Members& members) {
    const auto name = host_.string_of(find(members, "topic"));
    if (!name) return;
    // One that it has subscribed to is known: to make its namespace takes a hash.
    const auto known = topics_.find(*name);
    std::string ns = known != topics_.end() ? known->second.ns : namespace_of(*name);
    peer_.count_members(
        ns, [this, ns, name = *name, parts = around_clients(text, members)](std::uint64_t clients) {
          asked_ = 0;
          // Nobody hears it.
          if (clients == 0) return;
          const std::string told = with_clients(parts, clients);
          const auto own = topics_.find(name);
          if (own != topics_.end() && own->second.is_member && own->second.is_wanted)
            peer_.send(told);
          peer_.broadcast(ns, told);
        });
  }

  /// Whether who is in `ns` may publish to that topic of this client's.
  [[nodiscard]] bool is_topic_of(std::string_view ns, std::string_view raw_topic) const {
    const auto name = host_.string_of(raw_topic);
    const auto topic = name ? topics_.find(*name) : topics_.end();
    return topic != topics_.end() && topic->second.ns == ns;
  }

  /// What a client of this dialect has published goes on as it is. A native peer's broadcast has
  /// only what it wants to say, and whatever topic that names it is for the one that it came by.
  void pass_on(const DialectMessage& message) {
    const auto members = host_.members_of(message.data);
    if (members && text_of(find(*members, "type")) == "publish" &&
        is_topic_of(message.ns, find(*members, "topic"))) {
      peer_.send(message.data);
    } else if (!prefix_.empty() && message.ns.starts_with(prefix_) && !message.data.empty()) {
      peer_.send(
          "{\"type\":\"publish\",\"topic\":" + json_string(message.ns.substr(prefix_.size())) +
          ",\"data\":" + std::string(message.data) + "}");
    }
  }

  DialectPeer& peer_;
  const Surroundings& around_;
  const DialectHost& host_;
  const std::string& prefix_;
  // Most clients have a topic or two: hash tables and deques would take 900 bytes more of each.
  Topics topics_;
  std::map<std::uint64_t, std::string> questions_;  ///< on their way: names of topics
  std::list<std::string> later_;                    ///< what the rate has refused, in its order
  std::uint64_t last_question_ = 0;
  std::size_t asked_ = 0;  ///< in the call that is under way
  bool wakes_ = false;
};

class YWebrtc final : public Dialect {
 public:
  YWebrtc(Options options, PluginHost& plugin_host)
      : options_(std::move(options)), plugin_host_(plugin_host) {}

  DialectTraits traits() const override {
    return {.upgrade_path = options_.path,
            .http_paths = {},
            .realm = options_.path,
            .home = std::nullopt};
  }
  void start(DialectHost& host) override {
    around_ = std::make_unique<Surroundings>(Surroundings{host, plugin_host_, options_});
  }
  std::variant<DialectEntry, DialectRejection> open(const DialectRequest&) override {
    return DialectEntry();
  }
  /// The protocol has no word for it: the client comes again.
  std::string refusal(const DialectRefusal&) const override { return {}; }
  std::unique_ptr<DialectSession> begin(DialectPeer& peer) override {
    return std::make_unique<YSession>(peer, *around_);
  }

 private:
  const Options options_;
  PluginHost& plugin_host_;
  std::unique_ptr<Surroundings> around_;  ///< since the start
};

Result<std::unique_ptr<Dialect>> make_y_webrtc(PluginConfig& config, PluginHost& host) {
  Options options;
  options.path = config.string("path", "/y");
  options.prefix = config.string("namespace", "");
  options.max_topics =
      static_cast<std::size_t>(config.integer("max_topics_per_message", kTopics, 1, kMostTopics));
  if (options.path.size() > 1 && options.path.ends_with('/')) options.path.pop_back();
  return std::make_unique<YWebrtc>(std::move(options), host);
}

}  // namespace

PEER_PLUGIN(peer::sdk::Dialect, "y_webrtc", "1.0.0", make_y_webrtc)
