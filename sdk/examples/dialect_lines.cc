// Clients that speak lines: "JOIN room", "SAY text". Whoever is in the same room reads "name:
// text".
//
//   dialects: [{name: lines, options: {path: /lines}}]
//
// A browser's console is enough: new WebSocket('ws://localhost:8080/lines?name=ann').

#include <memory>
#include <string>
#include <string_view>

#include <peer/sdk/dialect.h>
#include <peer/sdk/json.h>
#include <peer/sdk/plugin.h>

using namespace peer::sdk;

namespace {

class LineSession final : public DialectSession {
 public:
  LineSession(DialectPeer& peer, const DialectHost& host) : peer_(peer), host_(host) {
    peer_.send("HELLO " + std::string(peer_.id()));
  }

  void hear(std::string_view text) override {
    if (text.starts_with("JOIN ")) {
      room_ = host_.namespace_of(text.substr(5));
      const auto payload = JsonObject().add("namespace", room_);
      say("join", payload.text());
    } else if (text.starts_with("SAY ") && !room_.empty()) {
      const std::string line = std::string(peer_.id()) + ": " + std::string(text.substr(4));
      const auto data = JsonArray().add(line).text();
      if (data) peer_.broadcast(room_, *data);
    } else {
      peer_.send("JOIN a room, then SAY something");
    }
  }

  void tell(const DialectMessage& message) override {
    if (message.type == "peer_list") peer_.send("JOINED");
    if (message.type == "error") peer_.send("SORRY " + std::to_string(message.code));
    const auto lines = host_.elements_of(message.data);
    if (!lines || lines->empty()) return;
    if (const auto line = host_.string_of(lines->front())) peer_.send(*line);
  }

 private:
  void say(std::string_view type, const Result<std::string>& payload) {
    if (!payload) return;
    peer_.say("{\"type\":\"" + std::string(type) + "\",\"payload\":" + *payload + "}");
  }

  DialectPeer& peer_;
  const DialectHost& host_;
  std::string room_;
};

class Lines final : public Dialect {
 public:
  explicit Lines(std::string path) : path_(std::move(path)) {}

  DialectTraits traits() const override { return {path_, {}, path_, std::nullopt}; }
  void start(DialectHost& host) override { host_ = &host; }
  std::variant<DialectEntry, DialectRejection> open(const DialectRequest& request) override {
    const std::string name = request.parameter("name").value_or("");
    if (name.empty()) return DialectRejection{"SORRY name?"};
    return DialectEntry{name, request.parameter("token").value_or("")};
  }
  std::string refusal(const DialectRefusal& refusal) const override {
    return "SORRY " + std::string(refusal.message);
  }
  std::unique_ptr<DialectSession> begin(DialectPeer& peer) override {
    return std::make_unique<LineSession>(peer, *host_);
  }

 private:
  const std::string path_;
  const DialectHost* host_ = nullptr;
};

Result<std::unique_ptr<Dialect>> make_lines(PluginConfig& config) {
  return std::make_unique<Lines>(config.string("path", "/lines"));
}

}  // namespace

PEER_PLUGIN(peer::sdk::Dialect, "lines", "1.0.0", make_lines)
