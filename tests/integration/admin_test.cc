// The Server API (docs/api.md): its port, who may use it, peers, messages, namespaces and rooms.
// Every answer is compared with docs/openapi.json (AdminClient).
#include <chrono>
#include <set>

#include "tests/support/admin_test.h"
#include "tests/support/dev_certificate.h"
#include "tests/support/protocol_schema.h"

namespace peer::test {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;
using testing::UnorderedElementsAre;

const std::string kTwoTokens =
    R"(admin_tokens=[{"name":"grafana","token":")" + kReadToken + R"(","role":"read"}])";

std::vector<std::string> fingerprints(const Json& page) {
  std::vector<std::string> found;
  for (std::size_t i = 0; i < page["peers"].size(); ++i) {
    found.push_back(page["peers"][i]["fingerprint"].str());
  }
  return found;
}

TEST_F(AdminTest, IsOffByDefaultAndNeverOnThePeersPort) {
  EXPECT_THAT(server().output(), Not(HasSubstr("server API at")));
  start_admin();
  HttpClient client(port());
  const std::string header = "Authorization: Bearer " + kAdminToken + "\r\n";
  EXPECT_EQ(client.request("GET", "/v1/peers", header).status, 404);
  for (const char* path : {"/health", "/stats", "/ws"}) {
    EXPECT_EQ(http_get(admin_port_, path).status, 404) << path;
  }
}

TEST_F(AdminTest, WithoutTheTokenNothingIsToldOrDone) {
  start_admin();
  const TestPeer alice = peer("alice");
  for (const char* authorization :
       {"", "Authorization: Bearer an-admin-token-of-32-characters_\r\n",
        "Authorization: Bearer \r\n", "Authorization: Basic an-admin-token-of-32-characters-\r\n",
        "Authorization: Bearer an-admin-token-of-32-characters-x\r\n"}) {
    HttpClient client(admin_port_);
    for (const char* request : {"GET /v1/peers", "GET /v1/nothing", "DELETE /v1/peers/alice"}) {
      const std::string line = request;
      const std::size_t space = line.find(' ');
      const HttpReply reply =
          client.request(line.substr(0, space), line.substr(space + 1), authorization);
      EXPECT_EQ(reply.status, 401) << authorization << request;
      EXPECT_EQ(reply.headers.at("www-authenticate"), "Bearer");
      EXPECT_EQ(reply.body, R"({"error":{"code":401,"message":"no valid token"}})");
    }
  }
  EXPECT_EQ(admin().get("/v1/peers/alice").status, 200);
}

TEST_F(AdminTest, ABodyIsNotReadOfWhoHasNoToken) {
  start_admin();
  HttpClient client(admin_port_);
  client.stream().write(
      "POST /v1/peers/x/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n");
  EXPECT_EQ(client.read_reply().status, 401);
  EXPECT_EQ(client.read_rest(), "");
}

TEST_F(AdminTest, ARoleThatReadsChangesNothing) {
  start_admin({kTwoTokens});
  TestPeer alice = peer("alice");
  AdminClient reader = admin(kReadToken);
  EXPECT_EQ(reader.get("/v1/peers/alice").status, 200);
  EXPECT_EQ(reader.refusal(403, "DELETE", "/v1/peers/alice"), "this token may only read");
  EXPECT_EQ(admin(kReadToken).refusal(403, "POST", "/v1/peers/alice/messages", "{\"payload\":1}"),
            "this token may only read");
  EXPECT_EQ(admin(kReadToken).refusal(403, "PUT", "/v1/bans/10.0.0.1", "{\"seconds\":1}"),
            "this token may only read");
  alice.expect_silence();
}

TEST_F(AdminTest, AnswersHeadAsGetAndNamesTheMethodsOfAPath) {
  start_admin();
  const std::string header = "Authorization: Bearer " + kAdminToken + "\r\n";
  HttpClient client(admin_port_);
  const HttpReply head = client.request("HEAD", "/v1/nodes", header);
  EXPECT_EQ(head.status, 200);
  EXPECT_NE(head.headers.at("content-length"), "0");
  EXPECT_EQ(client.request("GET", "/v1/nodes", header).status, 200);  // nothing stood between
  HttpReply wrong = client.request("PUT", "/v1/peers", header);
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.headers.at("allow"), "GET, HEAD");
  wrong = client.request("OPTIONS", "/v1/peers/x", header);
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.headers.at("allow"), "GET, HEAD, DELETE");
  EXPECT_EQ(wrong.headers.count("access-control-allow-origin"), 0U);
  EXPECT_EQ(admin().refusal(404, "GET", "/v1/nothing"), "not found");
}

TEST_F(AdminTest, BodiesHaveABound) {
  start_admin();
  const std::string payload(1024 * 1024 - 32, 'x');
  TestPeer alice = peer("alice");
  // One that is as large as may be.
  EXPECT_EQ(admin().post("/v1/peers/alice/messages", fmt(R"({"payload":"%"})", payload)).status,
            200);
  EXPECT_EQ(alice.next("server_message")["payload"].str().size(), payload.size());
  EXPECT_EQ(admin().refusal(413, "POST", "/v1/peers/alice/messages",
                            fmt(R"({"payload":"%"})", payload + std::string(64, 'x'))),
            "the body is larger than 1 MiB");
  HttpClient chunked(admin_port_);
  EXPECT_EQ(
      chunked
          .request("POST", "/v1/peers/alice/messages",
                   "Authorization: Bearer " + kAdminToken + "\r\nTransfer-Encoding: chunked\r\n")
          .status,
      411);
}

TEST_F(AdminTest, ABodyMayComeInPieces) {
  start_admin();
  TestPeer alice = peer("alice");
  HttpClient client(admin_port_);
  client.stream().write(
      "POST /v1/peers/alice/messages HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
      "Authorization: Bearer " +
      kAdminToken + "\r\nContent-Length: 14\r\n\r\n");
  EXPECT_EQ(client.read_reply().status, 100);
  client.stream().write(R"({"payl)");
  alice.round_trip();
  // The rest, and another request in the same write.
  client.stream().write(R"(oad":{}})"
                        "GET /v1/x HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.read_reply().status, 200);
  EXPECT_EQ(client.read_reply().status, 401);
  alice.next("server_message");
}

TEST_F(AdminTest, ShowsAPeerByFingerprintAndByAlias) {
  start_admin();
  TestPeer alice = connect();
  const auto before = std::chrono::system_clock::now().time_since_epoch();
  alice.register_as("alice", R"("alias":"Alice & Ångström/1","meta":{"a":[1, 2]})");
  alice.join("lobby");
  alice.create_room("den");
  AdminClient client = admin();
  const Json shown = client.get("/v1/peers/" + alice.fingerprint()).body;
  EXPECT_EQ(shown["fingerprint"].str(), alice.fingerprint());
  EXPECT_EQ(shown["alias"].str(), "Alice & Ångström/1");
  EXPECT_EQ(shown["meta"], R"({"a":[1,2]})"_json);
  EXPECT_EQ(shown["namespaces"], R"(["lobby","den"])"_json);
  EXPECT_EQ(shown["node"].str(), http_json("/stats")["node_id"].str());
  EXPECT_EQ(shown["address"].str(), "127.0.0.1");
  EXPECT_EQ(shown["away"].text(), "false");
  EXPECT_EQ(shown["messages"].number(), 2);
  EXPECT_GE(shown["connected_at"].number(),
            std::chrono::duration_cast<std::chrono::milliseconds>(before).count() - 1);
  const Json by_alias = client.get("/v1/peers/Alice%20%26%20%C3%85ngstr%C3%B6m%2F1").body;
  EXPECT_EQ(by_alias["fingerprint"].str(), alice.fingerprint());
  EXPECT_EQ(client.refusal(404, "GET", "/v1/peers/bob"), "peer not found");
  // A name that is missing is nobody's, and no wish for all of them.
  EXPECT_EQ(client.refusal(404, "GET", "/v1/peers/"), "peer not found");
  EXPECT_EQ(client.refusal(404, "DELETE", "/v1/peers/"), "peer not found");
  EXPECT_EQ(client.get("/v1/rooms/").status, 404);
  for (const char* strange : {"//v1/peers", "/v1//peers", "/v1/peers/alice/"}) {
    EXPECT_EQ(client.get(strange).status, 404) << strange;
  }
  EXPECT_EQ(client.refusal(400, "GET", "/v1/peers/%zz"),
            "the path or the query is not percent-encoded UTF-8");
}

TEST_F(AdminTest, ARoundTripIsMeasured) {
  start_admin({"ping_interval=20ms"});
  TestPeer alice = peer("alice");
  AdminClient client = admin();
  const Deadline deadline;
  while (!client.get("/v1/peers/alice").body["rtt_ms"].exists()) {
    alice.round_trip();  // reads, and so answers pings
    ASSERT_FALSE(deadline.passed());
  }
}

TEST_F(AdminTest, PagesOfPeersHaveEachPeerOnce) {
  start_admin({"shard_count=8"});
  std::vector<TestPeer> peers;
  std::set<std::string> all;
  for (int i = 0; i < 60; ++i) {
    peers.push_back(connect());
    peers.back().register_as(fmt("peer %", i));
    all.insert(peers.back().fingerprint());
  }
  AdminClient client = admin();
  EXPECT_EQ(client.get("/v1/peers").body["peers"].size(), 50U);
  EXPECT_EQ(client.get("/v1/peers?limit=100000").body["peers"].size(), 60U);
  std::multiset<std::string> seen;
  std::string after;
  int pages = 0;
  do {
    const Json page = client.get("/v1/peers?limit=7&after=" + after).body;
    for (const std::string& peer : fingerprints(page)) seen.insert(peer);
    after = page["next"].exists() ? page["next"].str() : std::string();
    ++pages;
  } while (!after.empty());
  EXPECT_EQ(pages, 9);
  EXPECT_EQ(seen, std::multiset<std::string>(all.begin(), all.end()));
}

TEST_F(AdminTest, APageMayBeOfOneNamespace) {
  start_admin();
  const TestPeer alice = peer_in("lobby room", "alice");
  const TestPeer bob = peer_in("lobby room", "bob");
  const TestPeer carol = peer_in("other", "carol");
  AdminClient client = admin();
  EXPECT_THAT(fingerprints(client.get("/v1/peers?namespace=lobby%20room").body),
              UnorderedElementsAre(alice.fingerprint(), bob.fingerprint()));
  EXPECT_THAT(fingerprints(client.get("/v1/peers?namespace=lobby+room&limit=1").body),
              testing::SizeIs(1));
  EXPECT_EQ(client.get("/v1/peers?namespace=nowhere").body.text(), R"({"peers":[]})");
}

TEST_F(AdminTest, BadPagesAreNamed) {
  start_admin();
  AdminClient client = admin();
  for (const char* limit : {"0", "-1", "x", "1.5", "", "99999999999999999999"}) {
    EXPECT_EQ(client.refusal(400, "GET", std::string("/v1/peers?limit=") + limit),
              "limit must be a number from 1 on");
  }
  EXPECT_EQ(client.refusal(400, "GET", "/v1/peers?after=alice"), "after must be a fingerprint");
}

TEST_F(AdminTest, ClosesAPeerWithTheCodeAndTheReason) {
  start_admin();
  TestPeer alice = peer_in("lobby", "alice");
  TestPeer bob = peer_in("lobby", "bob");
  alice.next("peer_joined");
  AdminClient client = admin();
  EXPECT_EQ(client.remove("/v1/peers/alice?code=4321&reason=go%20home").status, 200);
  alice.ws().expect_close(4321, "go home");
  EXPECT_EQ(bob.next("peer_left")["from"].str(), alice.fingerprint());
  EXPECT_EQ(client.refusal(404, "DELETE", "/v1/peers/alice"), "peer not found");
  server().wait_for_output("closes a peer token=admin_token target=alice");
}

TEST_F(AdminTest, AClosedPeerCannotResume) {
  start_admin();
  TestPeer alice = connect();
  const Json registered = alice.register_as("alice", R"("alias":"alice","resume":true)");
  EXPECT_EQ(admin().remove("/v1/peers/alice").status, 200);
  alice.ws().expect_close(4000, "");
  TestPeer again = connect();
  again.send("resume",
             fmt(R"({"token":"%","received":0})", registered["payload"]["session"]["token"].str()));
  again.expect_error(404, "session not found");
}

TEST_F(AdminTest, ASessionThatIsAwayIsShownAndClosed) {
  start_admin();
  TestPeer bob = peer_in("lobby", "bob");
  {
    TestPeer alice = connect();
    alice.register_as("alice", R"("alias":"alice","resume":true)");
    alice.join("lobby");
    bob.next("peer_joined");
  }
  AdminClient client = admin();
  const Deadline deadline;
  while (client.get("/v1/peers/alice").body["away"].text() != "true") {
    ASSERT_FALSE(deadline.passed());
  }
  EXPECT_EQ(client.post("/v1/peers/alice/messages", R"({"payload":1})").body.text(),
            R"({"delivered":1,"dropped":0})");
  EXPECT_EQ(client.get("/v1/peers/alice").body["queue"].number(), 1);
  EXPECT_EQ(client.remove("/v1/peers/alice").status, 200);
  bob.next("peer_left");
  EXPECT_EQ(client.get("/v1/peers/alice").status, 404);
}

TEST_F(AdminTest, BadClosesAreNamed) {
  start_admin();
  TestPeer alice = peer("alice");
  AdminClient client = admin();
  for (const char* code : {"3999", "5000", "x", "", "1000"}) {
    EXPECT_EQ(client.refusal(400, "DELETE", std::string("/v1/peers/alice?code=") + code),
              "code must be from 4000 to 4999");
  }
  EXPECT_EQ(client.refusal(400, "DELETE", "/v1/peers/nobody?reason=" + std::string(124, 'x')),
            "reason must be at most 123 bytes long");
  alice.expect_silence();
}

TEST_F(AdminTest, AMessageToAPeerKeepsItsBytes) {
  start_admin();
  TestPeer alice = peer("alice");
  AdminClient client = admin();
  const std::string payload = R"({ "b" : 1.50e3, "a":"\u00e9 é", "a" : [ ] })";
  EXPECT_EQ(
      client.post("/v1/peers/alice/messages", " {\"payload\": " + payload + " } ").body.text(),
      R"({"delivered":1,"dropped":0})");
  EXPECT_THAT(
      alice.next_text(),
      ContainsRegex(
          R"(^\{"type":"server_message","payload":\{ "b" : 1\.50e3, "a":"\\u00e9 é", "a" : \[ \] \},"ts":[0-9]+\}$)"));
  EXPECT_EQ(client.refusal(404, "POST", "/v1/peers/bob/messages", R"({"payload":1})"),
            "peer not found");
  server().wait_for_output("sends a message to a peer token=admin_token target=alice");
}

TEST_F(AdminTest, AMessageToANamespaceReachesItsMembers) {
  start_admin();
  TestPeer alice = peer_in("lobby", "alice");
  TestPeer bob = peer_in("lobby", "bob");
  TestPeer carol = peer_in("other", "carol");
  alice.next("peer_joined");
  AdminClient client = admin();
  EXPECT_EQ(client.post("/v1/namespaces/lobby/messages", R"({"payload":{"n":1}})").body.text(),
            R"({"delivered":2,"dropped":0})");
  for (TestPeer* member : {&alice, &bob}) {
    const Json message = member->next("server_message");
    EXPECT_EQ(message["namespace"].str(), "lobby");
    EXPECT_EQ(message["payload"].text(), R"({"n":1})");
    EXPECT_EQ(fault_of(Sender::kServer, message), "");
  }
  const std::string body =
      fmt(R"({"payload":2,"exclude":["bob","%","nobody"]})", carol.fingerprint());
  EXPECT_EQ(client.post("/v1/namespaces/lobby/messages", body).body["delivered"].number(), 1);
  EXPECT_EQ(alice.next("server_message")["payload"].number(), 2);
  EXPECT_EQ(client.post("/v1/namespaces/nowhere/messages", R"({"payload":1})").body.text(),
            R"({"delivered":0,"dropped":0})");
  expect_silence_of({&bob, &carol});
}

TEST_F(AdminTest, AMessageToARoomReachesItsMembers) {
  start_admin();
  TestPeer alice = peer("alice");
  alice.create_room("den/1");
  EXPECT_EQ(admin().post("/v1/namespaces/den%2F1/messages", R"({"payload":null})").body.text(),
            R"({"delivered":1,"dropped":0})");
  EXPECT_EQ(alice.next("server_message")["namespace"].str(), "den/1");
}

TEST_F(AdminTest, BadMessagesAreNamed) {
  start_admin({"max_exclude=1"});
  TestPeer alice = peer_in("lobby", "alice");
  AdminClient client = admin();
  const auto refused = [&](std::string_view body) {
    return client.refusal(400, "POST", "/v1/namespaces/lobby/messages", body);
  };
  EXPECT_EQ(refused("{}"), "payload required");
  EXPECT_EQ(refused("[1]"), "the body must be a JSON object");
  EXPECT_EQ(refused("{\"payload\":1"), "the body must be a JSON object");
  EXPECT_EQ(client.refusal(400, "POST", "/v1/namespaces/lobby/messages"),
            "the body must be a JSON object");
  EXPECT_EQ(refused(R"({"payload":1,"payload":2})"), "duplicate field");
  EXPECT_EQ(refused(R"({"payload":1,"exclude":"bob"})"), "exclude must be an array of strings");
  EXPECT_EQ(refused(R"({"payload":1,"exclude":["a","b"]})"), "exclude too large");
  alice.expect_silence();
}

TEST_F(AdminTest, AMessageThatAPeerHasNoRoomForCountsAsDropped) {
  start_admin({"send_buffer_size=1"});
  TestPeer alice = peer("alice");
  AdminClient client = admin();
  const std::string body = fmt(R"({"payload":"%"})", std::string(900'000, 'x'));
  const Deadline deadline;
  while (client.post("/v1/peers/alice/messages", body).body.text() !=
         R"({"delivered":0,"dropped":1})") {
    ASSERT_FALSE(deadline.passed());
  }
}

TEST_F(AdminTest, ListsNamespacesAndRooms) {
  start_admin();
  TestPeer alice = peer_in("a lobby", "alice");
  TestPeer bob = peer_in("a lobby", "bob");
  bob.join("b");
  alice.next("peer_joined");
  alice.create_room("den", R"("max_size":5)");
  bob.create_room("attic");
  AdminClient client = admin();
  EXPECT_EQ(
      client.get("/v1/namespaces").body,
      R"({"namespaces":[{"namespace":"a lobby","peers":2},{"namespace":"b","peers":1}]})"_json);
  EXPECT_EQ(client.get("/v1/namespaces?limit=1").body,
            R"({"namespaces":[{"namespace":"a lobby","peers":2}],"next":"a lobby"})"_json);
  EXPECT_EQ(client.get("/v1/namespaces?after=a%20lobby").body,
            R"({"namespaces":[{"namespace":"b","peers":1}]})"_json);
  const Json rooms = client.get("/v1/rooms").body["rooms"];
  EXPECT_EQ(rooms.size(), 2U);
  EXPECT_EQ(rooms[0]["room_id"].str(), "attic");
  const Json den =
      json(R"({"room_id":"den","peer_count":1,"max_size":5,"owner":"%"})", alice.fingerprint());
  EXPECT_EQ(rooms[1], den);
  EXPECT_EQ(client.get("/v1/rooms/den").body, den);
  EXPECT_EQ(client.refusal(404, "GET", "/v1/rooms/b"), "room not found");
}

TEST_F(AdminTest, EndsARoom) {
  start_admin();
  TestPeer alice = peer("alice");
  TestPeer bob = peer("bob");
  alice.create_room("den/1");
  bob.join("den/1");
  alice.next("peer_joined");
  AdminClient client = admin();
  EXPECT_EQ(client.remove("/v1/rooms/den%2F1").status, 200);
  for (TestPeer* member : {&alice, &bob}) {
    const Json closed = member->next("room_closed");
    EXPECT_EQ(closed["payload"]["reason"].str(), "closed by the operator");
    EXPECT_EQ(fault_of(Sender::kServer, closed), "");
  }
  expect_silence_of({&alice, &bob});
  EXPECT_EQ(client.refusal(404, "DELETE", "/v1/rooms/den%2F1"), "room not found");
  bob.create_room("den/1");  // the name is free
  server().wait_for_output("ends a room token=admin_token target=den/1");
  EXPECT_EQ(client.refusal(404, "DELETE", "/v1/rooms/nowhere"), "room not found");
}

TEST_F(AdminTest, ANamespaceIsNoRoomToEnd) {
  start_admin();
  TestPeer alice = peer_in("lobby", "alice");
  EXPECT_EQ(admin().refusal(404, "DELETE", "/v1/rooms/lobby"), "room not found");
  alice.expect_silence();
}

TEST_F(AdminTest, DrainsAsBySigterm) {
  start_admin({"shutdown_timeout=20s"});
  TestPeer alice = peer("alice");
  AdminClient client = admin();
  EXPECT_EQ(client.post("/v1/drain", "{}").body.text(), R"({"draining":true})");
  alice.ws().expect_close(1001, "server shutting down");
  expect_exit(0);
  EXPECT_THAT(server().output(), HasSubstr("drains the node token=admin_token"));
}

TEST_F(AdminTest, ADrainThatIsUnderWayIsNotCutShortByAnother) {
  start_admin({"drain_delay=300ms"});
  AdminClient client = admin();
  EXPECT_EQ(client.post("/v1/drain", "{}").status, 200);
  EXPECT_EQ(client.post("/v1/drain", "{}").status, 200);
  expect_exit(0);
  EXPECT_THAT(server().output(), HasSubstr("stopped"));
}

TEST_F(AdminTest, TellsOfItsNode) {
  start_admin();
  const TestPeer alice = peer("alice");
  const Json nodes = admin().get("/v1/nodes").body["nodes"];
  ASSERT_EQ(nodes.size(), 1U);
  EXPECT_EQ(nodes[0]["node"].str(), http_json("/stats")["node_id"].str());
  EXPECT_EQ(nodes[0]["peers"].number(), 1);
  EXPECT_EQ(nodes[0]["state"].str(), "ok");
}

TEST_F(AdminTest, SpeaksTlsWithTheServersCertificate) {
  const DevCertificate certificate;
  start_admin(
      {"admin_tls=true", "tls_cert=" + certificate.certificate(), "tls_key=" + certificate.key()});
  server().wait_for_output(
      fmt("server API at https://127.0.0.1:%/", static_cast<int>(admin_port_)));
  HttpClient client(Dial{.port = admin_port_, .tls = true});
  EXPECT_EQ(
      client.request("GET", "/v1/nodes", "Authorization: Bearer " + kAdminToken + "\r\n").status,
      200);
}

TEST(AdminConfigTest, AnUnsafePortDoesNotStart) {
  const auto check = [](std::string config) {
    ServerProcess process({.config = std::move(config), .arguments = {"--check-config"}});
    EXPECT_EQ(process.wait_exit(), 78);
    return process.output();
  };
  EXPECT_THAT(check("admin_port: 8081\n"
                    "admin_host: 0.0.0.0\n"
                    "admin_tls: false\n"
                    "bans_file: .\n"),
              AllOf(HasSubstr(":1: admin_port: expected admin_token or admin_tokens with it"),
                    HasSubstr(":2: admin_host: expected an address of this machine alone, or "
                              "admin_tls: true, or admin_insecure: true"),
                    HasSubstr(":4: bans_file: ")));
  EXPECT_THAT(check("admin_port: 8081\nadmin_token: short\n"),
              AllOf(HasSubstr(":2: admin_token: expected 32 to 1024 printable characters"),
                    Not(HasSubstr("'short'"))));
  EXPECT_THAT(check("admin_port: 9090\nmetrics_enabled: true\nadmin_tls: true\nadmin_token: " +
                    kAdminToken),
              AllOf(HasSubstr(":1: admin_port: expected another port than metrics_port (9090)"),
                    HasSubstr(":3: admin_tls: expected tls_cert and tls_key with it")));
}

}  // namespace
}  // namespace peer::test
