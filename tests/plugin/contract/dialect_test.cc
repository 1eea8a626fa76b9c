#include <peer/sdk/contract/dialect_contract.h>

namespace peer::sdk::contract {
namespace {

DialectCase y_webrtc_case() {
  return {.plugin = {PEER_PLUGIN_DIR "/dialect_y_webrtc.so", {{"namespace", std::string("y/")}}},
          .texts = {R"({"type":"subscribe","topics":["a","b"]})",
                    R"({"type":"publish","topic":"a","data":{"x":1},"clients":9})",
                    R"({"type":"unsubscribe","topics":["b"]})", R"({"type":"ping"})"}};
}

DialectCase lines_case() {
  return {.plugin = {PEER_EXAMPLE_DIR "/dialect_lines.so", {}},
          .queries = {"name=ann", "name=bob&token=t"},
          .texts = {"JOIN den", "SAY hello"}};
}

DialectCase peerjs_case() {
  return {.plugin = {PEER_PLUGIN_DIR "/dialect_peerjs.so",
                     {{"path", std::string("/app")}, {"allow_discovery", true}}},
          .queries = {"key=peerjs&id=ann&token=t", "key=peerjs&id=b%22ob&token=t&version=1.5.5"},
          .texts = {R"({"type":"OFFER","payload":{"sdp":{}},"dst":"bob"})",
                    R"({"type":"LEAVE","dst":"bob"})", R"({"type":"HEARTBEAT"})"},
          .requests = {"/app", "/app/peerjs/id?ts=1", "/app/peerjs/peers"}};
}

INSTANTIATE_TEST_SUITE_P(PeerJs, PluginContract, testing::Values(peerjs_case().plugin));
INSTANTIATE_TEST_SUITE_P(PeerJs, DialectContract, testing::Values(peerjs_case()));
INSTANTIATE_TEST_SUITE_P(YWebrtc, PluginContract, testing::Values(y_webrtc_case().plugin));
INSTANTIATE_TEST_SUITE_P(YWebrtc, DialectContract, testing::Values(y_webrtc_case()));
INSTANTIATE_TEST_SUITE_P(Lines, PluginContract, testing::Values(lines_case().plugin));
INSTANTIATE_TEST_SUITE_P(Lines, DialectContract, testing::Values(lines_case()));

TEST(PeerJsTest, AMessageIsDirectedAtItsReceiver) {
  EXPECT_EQ(
      play(peerjs_case(), {R"({"type":"OFFER","payload":{"a":1.0},"dst":"bob"})"}),
      (std::vector<std::string>{
          R"(send {"type":"OPEN"})", "wake 90000",
          R"(direct bob {"type":"OFFER","src":"ann","dst":"bob","payload":{"a":1.0}} 5000)"}));
}

TEST(LinesTest, ALineBecomesABroadcast) {
  EXPECT_EQ(play(lines_case(), {"JOIN den", "SAY \"hi\"", "WHAT"}),
            (std::vector<std::string>{
                "send HELLO ann", R"(say {"type":"join","payload":{"namespace":"~den"}})",
                R"(broadcast ~den ["ann: \"hi\""])", "send JOIN a room, then SAY something"}));
}

TEST(YWebrtcTest, TheNumberOfClientsIsPutIntoWhatIsPublished) {
  EXPECT_EQ(play(y_webrtc_case(), {R"({"type":"publish","topic":"a","d":{} } )"}),
            (std::vector<std::string>{
                R"(broadcast y/a {"type":"publish","topic":"a","d":{} ,"clients":2} )"}));
}

}  // namespace
}  // namespace peer::sdk::contract
