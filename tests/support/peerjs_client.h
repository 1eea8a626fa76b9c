#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/support/json.h"
#include "tests/support/ws_client.h"

namespace peer::test {

inline constexpr std::string_view kPeerJsOpen = R"({"type":"OPEN"})";

/// Where a PeerJS client comes in, and what it shows there. Nothing in it needs to be escaped in an
/// address.
struct PeerJsEntry {
  std::uint16_t port = 0;
  std::string id{};
  std::string token = "t";
  std::string key = "peerjs";
  std::string path = "/";
  std::string more{};     ///< of the query: "&access_token=x"
  std::string headers{};  ///< of the upgrade, each ended by CRLF
};

/// A client of the plugin dialect_peerjs. Failures throw, as those of WsClient.
class PeerJsClient {
 public:
  /// Opens the WebSocket; what comes then is for the test to read.
  static PeerJsClient knocks(const PeerJsEntry& entry) { return PeerJsClient(entry); }
  /// One that has been told OPEN.
  static PeerJsClient enters(const PeerJsEntry& entry) {
    PeerJsClient client(entry);
    EXPECT_EQ(client.next(), kPeerJsOpen);
    return client;
  }

  void send(std::string_view text) { ws_.send_text(text); }
  /// A message of this type for `dst`; `payload` is JSON.
  void send_to(std::string_view dst, std::string_view payload, std::string_view type = "OFFER") {
    send(fmt(R"({"type":"%","dst":"%","payload":%})", type, dst, payload));
  }
  std::string next() { return ws_.read_text(); }
  void expect(std::string_view src, std::string_view payload, std::string_view type = "OFFER") {
    EXPECT_EQ(next(),
              fmt(R"({"type":"%","src":"%","dst":"%","payload":%})", type, src, id_, payload));
  }
  void expect_expired(std::string_view dst) {
    EXPECT_EQ(next(), fmt(R"({"type":"EXPIRE","src":"%","dst":"%"})", dst, id_));
  }
  /// Hears this text as its last, and then an empty close.
  void expect_refused(std::string_view text) {
    EXPECT_EQ(next(), text);
    expect_end();
  }
  void expect_error(std::string_view words) {
    expect_refused(fmt(R"({"type":"ERROR","payload":{"msg":"%"}})", words));
  }
  void expect_end() { ws_.expect_close(1005); }
  void close() { ws_.close(); }
  WsClient& ws() { return ws_; }

 private:
  explicit PeerJsClient(const PeerJsEntry& entry)
      : id_(entry.id),
        ws_(Dial{.port = entry.port,
                 .path = fmt("%peerjs?key=%&id=%&token=%&version=1.5.5%", entry.path, entry.key,
                             entry.id, entry.token, entry.more),
                 .headers = entry.headers}) {}

  std::string id_;
  WsClient ws_;
};

}  // namespace peer::test
