// Webhooks (docs/api.md, "Webhooks"): what a real server posts, and the receiver that the page
// prints.
#include <openssl/hmac.h>

#include <condition_variable>
#include <ctime>
#include <functional>
#include <future>
#include <mutex>
#include <set>

#include "tests/support/free_port.h"
#include "tests/support/http_endpoint.h"
#include "tests/support/listening_program.h"
#include "tests/support/server_test.h"

namespace peer::test {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string hmac_hex(const std::string& key, const std::string& text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &size);
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    constexpr char kDigits[] = "0123456789abcdef";
    hex += {kDigits[digest[i] >> 4], kDigits[digest[i] & 15]};
  }
  return hex;
}

/// A receiver that keeps what it takes.
class Receiver {
 public:
  explicit Receiver(std::function<std::string(int request)> status =
                        [](int) { return "204 No Content"; })
      : endpoint_([this, status = std::move(status)](const HttpEndpoint::Request& request) {
          const std::string line = status(request.number);
          const std::lock_guard lock(mutex_);
          requests_.push_back(request);
          if (line.starts_with("2")) {
            const Json events = Json::parse(request.body)["events"];
            for (std::size_t i = 0; i < events.size(); ++i) events_.push_back(events[i]);
          }
          changed_.notify_all();
          return http_answer(line, "");
        }) {}

  std::string url() const { return endpoint_.url("/hook"); }
  HttpEndpoint& endpoint() { return endpoint_; }
  /// The next event that it has taken.
  Json next(Deadline deadline = Deadline(20s)) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, milliseconds(deadline.milliseconds_left()),
                           [this] { return events_.size() > read_; })) {
      throw std::runtime_error("no further event");
    }
    return events_[read_++];
  }
  HttpEndpoint::Request request(std::size_t number) {
    const std::lock_guard lock(mutex_);
    return requests_.at(number);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<HttpEndpoint::Request> requests_;
  std::vector<Json> events_;
  std::size_t read_ = 0;
  HttpEndpoint endpoint_;  // last: its threads use all of the above
};

std::string setting(const std::string& url, const std::string& more = R"("secret":"a secret")") {
  return fmt(R"(webhooks=[{"url":"%",%}])", url, more);
}

std::string header(const HttpEndpoint::Request& request, const std::string& name) {
  const std::size_t at = request.head.find("\r\n" + name + ": ");
  if (at == std::string::npos) return {};
  const std::size_t begin = at + name.size() + 4;
  return request.head.substr(begin, request.head.find("\r\n", begin) - begin);
}

class WebhooksTest : public ServerTest {};

TEST_F(WebhooksTest, PostWhatHappensWithASignature) {
  Receiver receiver;
  start({setting(receiver.url())});
  TestPeer alice = peer("alice");
  TestPeer bob = peer("bob");
  alice.create_room("den");
  alice.join("lobby");
  bob.join("lobby");
  alice.next("peer_joined");
  alice.send("match", R"({"namespace":"lobby","group_size":2})");
  bob.send("match", R"({"namespace":"lobby","group_size":2})");
  bob.next();
  // Of its namespaces it hears nothing.
  bob.send("leave", R"({"namespace":"lobby"})", R"("id":"left")");
  while (bob.next()["type"].str() != "ack") continue;
  bob.close();
  Json event = receiver.next();
  EXPECT_EQ(event["event"].str(), "register");
  EXPECT_EQ(event["fingerprint"].str(), alice.fingerprint());
  EXPECT_EQ(event["alias"].str(), "alice");
  std::set<std::string> ids{event["id"].str()};
  for (const char* kind : {"register", "room", "match", "leave"}) {
    event = receiver.next();
    EXPECT_EQ(event["event"].str(), kind);
    EXPECT_TRUE(ids.insert(event["id"].str()).second);
  }
  EXPECT_EQ(event["fingerprint"].str(), bob.fingerprint());
  alice.close();
  EXPECT_EQ(receiver.next()["fingerprint"].str(), alice.fingerprint());
  event = receiver.next();
  EXPECT_EQ(event["event"].str(), "room");
  EXPECT_EQ(event["change"].str(), "closed");

  const HttpEndpoint::Request request = receiver.request(0);
  const std::string signature = header(request, "Peer-Signature");
  ASSERT_TRUE(signature.starts_with("t="));
  const std::string time = signature.substr(2, signature.find(',') - 2);
  EXPECT_EQ(signature, "t=" + time + ",v1=" + hmac_hex("a secret", time + "." + request.body));
  EXPECT_LT(std::abs(std::stoll(time) - std::time(nullptr)), 60);
  EXPECT_EQ(header(request, "Content-Type"), "application/json");
  const Json body = Json::parse(request.body);
  EXPECT_EQ(body["node"].str(), http_json("/stats")["node_id"].str());
}

TEST_F(WebhooksTest, WhatIsRefusedOrRedirectedIsSentAgain) {
  Receiver other;
  Receiver receiver([&](int request) {
    if (request == 1) return std::string("503 Service Unavailable");
    if (request == 2) return "307 Temporary Redirect\r\nLocation: " + other.url();
    return std::string("200 OK");
  });
  start({setting(receiver.url())});
  const TestPeer alice = peer("alice");
  EXPECT_EQ(receiver.next()["fingerprint"].str(), alice.fingerprint());
  EXPECT_EQ(receiver.request(0).body, receiver.request(2).body);
  EXPECT_EQ(other.endpoint().requests(), 0);
  server().wait_for_output("were not taken and are sent again: it answers 503, expected 2xx");
  EXPECT_THAT(server().output(), Not(HasSubstr("a secret")));
}

TEST_F(WebhooksTest, AReceiverThatHangsHoldsNobody) {
  std::promise<void> end;
  const std::shared_future<void> ended = end.get_future().share();
  Receiver receiver([ended](int) {
    ended.wait();
    return std::string("200 OK");
  });
  start({setting(receiver.url())});
  TestPeer alice = peer("alice");
  receiver.endpoint().wait_for_requests(1);
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 200; ++i) {
    TestPeer bob = peer(fmt("bob %", i));
    bob.close();
  }
  alice.round_trip();
  // 200 peers that come and go; the request of before has not been answered yet.
  EXPECT_LT(std::chrono::steady_clock::now() - began, 10s * timeout_factor());
  EXPECT_EQ(receiver.endpoint().requests(), 1);
  end.set_value();
  EXPECT_EQ(receiver.next()["fingerprint"].str(), alice.fingerprint());
  for (int i = 0; i < 400; ++i) receiver.next();
}

TEST_F(WebhooksTest, TheEndOfTheServerIsTheEndOfItsPeers) {
  Receiver receiver;
  start({setting(receiver.url())});
  TestPeer alice = peer("alice");
  EXPECT_EQ(receiver.next()["event"].str(), "register");
  server().signal(SIGTERM);
  alice.ws().expect_close(1001);
  expect_exit(0);
  EXPECT_EQ(receiver.next()["event"].str(), "leave");
}

TEST_F(WebhooksTest, AReloadAddsSecretsAndReceivers) {
  Receiver receiver;
  Receiver second;
  const std::string one = fmt("webhooks:\n  - {url: '%', secret: old}\n", receiver.url());
  start_with({.config = one});
  const TestPeer alice = peer("alice");
  receiver.next();
  EXPECT_THAT(header(receiver.request(0), "Peer-Signature"), Not(HasSubstr(",v1=,")));
  server().dir().write("peer-server.yaml",
                       fmt("webhooks:\n  - {url: '%', secret: new, secrets: [old]}\n"
                           "  - {url: '%', secret: x, events: [register]}\n",
                           receiver.url(), second.url()));
  server().signal(SIGHUP);
  server().wait_for_output("SIGHUP: changed: webhooks");
  // The loop of the API takes them over a moment later.
  const Deadline deadline(20s);
  for (int i = 0; second.endpoint().requests() == 0; ++i) {
    ASSERT_FALSE(deadline.passed());
    TestPeer bob = peer(fmt("bob %", i));
    bob.close();
  }
  const TestPeer carol = peer("carol");
  while (receiver.next()["alias"].str() != "carol") continue;
  const auto last = receiver.request(static_cast<std::size_t>(receiver.endpoint().requests() - 1));
  const std::string signature = header(last, "Peer-Signature");
  const std::string time = signature.substr(2, signature.find(',') - 2);
  EXPECT_EQ(signature, "t=" + time + ",v1=" + hmac_hex("new", time + "." + last.body) +
                           ",v1=" + hmac_hex("old", time + "." + last.body));
}

/// The block of Python under "Webhooks" in docs/api.md.
std::string printed_receiver() {
  const std::string page = read_file(PEER_SOURCE_DIR "/docs/api.md");
  const std::size_t begin = page.find("```python\n", page.find("\n## Webhooks\n")) + 10;
  return page.substr(begin, page.find("```", begin) - begin);
}

TEST_F(WebhooksTest, ThePrintedReceiverTakesWhatIsSignedAndNothingElse) {
  const std::string program = printed_receiver();
  EXPECT_LE(std::count(program.begin(), program.end(), '\n'), 15);
  TempDir dir;
  const std::string file = dir.write("receiver.py", program);
  ListeningProgram receiver;
  const std::uint16_t port = free_port();
  receiver.start({"/usr/bin/env", "HOOK_SECRET=a secret", fmt("PORT=%", static_cast<int>(port)),
                  "python3", file},
                 port);
  const std::string url = fmt("http://127.0.0.1:%/hook", static_cast<int>(port));
  // While secrets are rotated one of two is known.
  start({setting(url, R"("secret":"another","secrets":["a secret"])")});
  const TestPeer alice = peer("alice");
  const Deadline deadline(20s);
  while (receiver.output().find("register {") == std::string::npos) {
    ASSERT_FALSE(deadline.passed()) << receiver.output() << server().output();
  }
  EXPECT_THAT(receiver.output(), HasSubstr(alice.fingerprint()));
}

TEST_F(WebhooksTest, ThePrintedReceiverRefusesAnotherSecret) {
  TempDir dir;
  const std::string file = dir.write("receiver.py", printed_receiver());
  ListeningProgram receiver;
  const std::uint16_t port = free_port();
  receiver.start({"/usr/bin/env", "HOOK_SECRET=a secret", fmt("PORT=%", static_cast<int>(port)),
                  "python3", file},
                 port);
  start({setting(fmt("http://127.0.0.1:%/hook", static_cast<int>(port)),
                 R"("secret":"not the secret")")});
  const TestPeer alice = peer("alice");
  server().wait_for_output("it answers 401, expected 2xx", Deadline(20s));
  EXPECT_THAT(receiver.output(), Not(HasSubstr("register {")));
}

}  // namespace
}  // namespace peer::test
