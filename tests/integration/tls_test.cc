// TLS on the server's port: docs/configuration.md.
#include <openssl/ssl.h>

#include <filesystem>

#include "tests/support/dev_certificate.h"
#include "tests/support/run_program.h"
#include "tests/support/server_test.h"

namespace peer::test {
namespace {

class TlsTest : public ServerTest {
 protected:
  void start_tls(std::vector<std::string> more = {}) {
    start(certificate_.settings(std::move(more)));
  }
  TestPeer secure_peer(std::string_view name, int version = 0) {
    TestPeer result = connect(Dial{.tls = true, .tls_version = version});
    result.register_as(name, fmt(R"("alias":"%")", name));
    return result;
  }
  std::string serial_of_new_connection() {
    return TcpStream(Dial{.port = port(), .tls = true}).certificate_serial();
  }
  /// The start stops with 78 and these words.
  void expect_refused_start(const std::string& cert, const std::string& key,
                            const std::string& words) {
    ServerProcess server({.settings = {"tls_cert=" + cert, "tls_key=" + key}});
    EXPECT_EQ(server.wait_exit(), std::optional(78));
    EXPECT_THAT(server.output(), testing::HasSubstr(words));
  }

  DevCertificate certificate_;
};

TEST_F(TlsTest, PeersOfBothVersionsSignalEachOther) {
  start_tls({"loops=2"});
  TestPeer old_one = secure_peer("old", TLS1_2_VERSION);
  TestPeer new_one = secure_peer("new", TLS1_3_VERSION);
  EXPECT_EQ(old_one.ws().stream().tls_protocol(), "TLSv1.2");
  EXPECT_EQ(new_one.ws().stream().tls_protocol(), "TLSv1.3");
  old_one.join("lobby");
  new_one.join("lobby");
  old_one.next("peer_joined");
  for (std::size_t i = 0; i < 100; ++i) {
    const std::string payload = fmt(R"({"n":%,"x":"%"})", i, std::string(600 * i, 'x'));
    old_one.send_to("new", payload);
    EXPECT_EQ(new_one.next("signal")["payload"], Json::parse(payload));
    new_one.send_to("old", payload);
    EXPECT_EQ(old_one.next("signal")["payload"], Json::parse(payload));
  }
  old_one.close();
  new_one.next("peer_left");
}

TEST_F(TlsTest, TheHealthCheckOfThisMachineSpeaksIt) {
  start_tls();
  std::string command = std::string(PEER_SERVER_BINARY) + " --health-check";
  for (const std::string& setting :
       certificate_.settings({"host=127.0.0.1", fmt("port=%", port())}))
    command += " --set " + setting;
  const ProgramResult result = run_program(command + " 2>&1");
  EXPECT_EQ(result.exit_status, 0) << result.output;
}

TEST_F(TlsTest, NothingOlderThanTls12IsSpoken) {
  start_tls();
  // The hello of a client that knows TLS 1.1 at best; the answer is the alert protocol_version.
  const std::string hello = std::string("\x01\x00\x00\x2B\x03\x02", 6) + std::string(32, 'r') +
                            std::string("\x00\x00\x04\xC0\x09\xC0\x13\x01\x00", 9);
  TcpStream stream(port());
  stream.write(std::string("\x16\x03\x01\x00\x2F", 5) + hello);
  std::string answer;
  stream.read_some(answer);
  EXPECT_THAT(answer, testing::AllOf(testing::StartsWith("\x15"), testing::EndsWith("\x02\x46")));
}

TEST_F(TlsTest, Http11IsChosenByAlpn) {
  start_tls();
  EXPECT_EQ(TcpStream(Dial{.port = port(), .tls = true}).alpn(), "http/1.1");
}

TEST_F(TlsTest, HttpIsServedAndKeptAlive) {
  start_tls();
  TcpStream stream(Dial{.port = port(), .tls = true});
  std::string buffer;
  for (int i = 0; i < 3; ++i) {
    stream.write("GET /health HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(read_http_reply(stream, buffer).status, 200);
  }
}

TEST_F(TlsTest, FramesPipelinedBehindTheUpgradeAreHeard) {
  start_tls();
  TestPeer alice = connect(
      Dial{.tls = true,
           .behind_upgrade = encode({.payload = message("register", R"({"public_key":"a"})")})});
  alice.next("registered");
}

TEST_F(TlsTest, ByteByByteIsUnderstood) {
  start_tls();
  TestPeer alice = secure_peer("alice");
  alice.ws().send_byte_by_byte(encode({.payload = message("ping")}));
  alice.next("pong");
}

TEST_F(TlsTest, CompressionWorksWithinTls) {
  start_tls({"compression_enabled=true", "compression_threshold=0"});
  TestPeer alice =
      connect(Dial{.tls = true, .headers = "Sec-WebSocket-Extensions: permessage-deflate\r\n"});
  EXPECT_NE(alice.ws().extensions(), "");
  alice.register_as("alice");
  alice.round_trip();
}

TEST_F(TlsTest, PlainHttpOnATlsPortIsAnswered400) {
  start_tls();
  EXPECT_EQ(http_get(port(), "/health").status, 400);
}

TEST_F(TlsTest, ATlsHelloOnAPlainPortIsAnsweredAtOnce) {
  TcpStream stream(port());
  stream.write(std::string("\x16\x03\x01\x00\xA5\x01\x00\x00\xA1\x03\x03", 11));
  std::string buffer;
  EXPECT_EQ(read_http_reply(stream, buffer).status, 400);
  stream.expect_end();
}

TEST_F(TlsTest, AHandshakeLeftOpenIsClosedAfterTheReadTimeout) {
  start_tls({"read_timeout=300ms"});
  TcpStream silent(port());
  TcpStream half(port());
  half.write(std::string("\x16\x03\x01\x00\xA5\x01\x00\x00\xA1\x03\x03", 11));
  silent.expect_end();
  half.expect_end();
}

TEST_F(TlsTest, GarbageClosesTheConnectionAndNoOther) {
  start_tls();
  TestPeer alice = secure_peer("alice");
  TcpStream garbage(port());
  garbage.write(std::string(1000, '\xEE'));
  garbage.expect_end();
  alice.round_trip();
}

TEST_F(TlsTest, AStalledReaderLosesMessagesAndTheirOrderHolds) {
  start_tls({"send_buffer_size=8", "rate_limit_burst=100000"});
  TestPeer stalled = connect(Dial{.receive_buffer = 4096, .tls = true});
  stalled.register_as("stalled");
  stalled.join("lobby");
  TestPeer sender = secure_peer("sender");
  sender.join("lobby");
  for (int i = 0; i < 300; ++i) {
    sender.send("broadcast", fmt(R"({"namespace":"lobby","data":{"n":%,"x":"%"}})", i,
                                 std::string(30'000, 'x')));
  }
  sender.round_trip();
  stalled.send(message("ping"));
  stalled.next("peer_joined");
  std::int64_t last = -1;
  int received = 0;
  for (Json got = stalled.next(); got["type"].str() != "pong"; got = stalled.next()) {
    EXPECT_GT(got["payload"]["data"]["n"].number(), last);
    last = got["payload"]["data"]["n"].number();
    ++received;
  }
  EXPECT_GT(received, 0);
  EXPECT_LT(received, 300);
}

TEST_F(TlsTest, ShutdownSaysGoodbye) {
  start_tls();
  TestPeer alice = secure_peer("alice");
  server().signal(SIGTERM);
  alice.ws().expect_close(1001);
  alice.ws().stream().expect_end();
  expect_exit(0);
}

TEST_F(TlsTest, AClientThatAnswersLateSeesItsCloseCodeAndNoEndBefore) {
  start_tls({"loops=1"});
  TestPeer old = secure_peer("alice");
  TestPeer other = secure_peer("other");
  TestPeer replacement = secure_peer("alice");
  EXPECT_EQ(old.ws().read_frame().payload.substr(0, 2), close_payload(4001));
  other.round_trip();  // the loop has flushed, and shut down what it wanted to
  EXPECT_FALSE(old.ws().stream().is_readable()) << "neither close_notify nor FIN";
  old.ws().answer_close();
  old.ws().stream().expect_end();
  EXPECT_TRUE(old.ws().stream().ended_properly());
}

TEST_F(TlsTest, AClientThatNeverAnswersSeesAProperEndAllTheSame) {
  start_tls();
  TestPeer silent = secure_peer("alice");
  TestPeer replacement = secure_peer("alice");
  EXPECT_EQ(silent.ws().read_frame().payload.substr(0, 2), close_payload(4001));
  silent.ws().stream().expect_end();
  EXPECT_TRUE(silent.ws().stream().ended_properly());
}

TEST_F(TlsTest, AFileThatCannotBeUsedStopsTheStart) {
  const TempDir dir;
  const std::string garbage = dir.write("garbage.pem", "no PEM");
  const DevCertificate other;
  const std::string cert = certificate_.certificate();
  const std::string key = certificate_.key();
  expect_refused_start("/none.pem", key,
                       "tls_cert: cannot read '/none.pem': No such file or directory");
  expect_refused_start(cert, "/none.pem",
                       "tls_key: cannot read '/none.pem': No such file or directory");
  expect_refused_start(garbage, key, "tls_cert: no usable certificate in '" + garbage + "'");
  expect_refused_start(cert, garbage, "tls_key: no usable key in '" + garbage + "'");
  expect_refused_start(cert, cert, "tls_key: no usable key in '" + cert + "'");
  expect_refused_start(
      cert, other.key(),
      "tls_key: the key in '" + other.key() + "' does not match the certificate in '" + cert + "'");
}

TEST_F(TlsTest, ACertificateThatEndsSoonIsLoggedAtTheStartAndAtEachReload) {
  const IssuedCertificate soon({.days = 3});
  start({"tls_cert=" + soon.certificate(), "tls_key=" + soon.key()});
  server().wait_for_output("tls_cert: the certificate in '" + soon.certificate() +
                           "': it ends in ");
  const IssuedCertificate expired({.days = -1});
  using std::filesystem::copy_options;
  std::filesystem::copy_file(expired.certificate(), soon.certificate(),
                             copy_options::overwrite_existing);
  std::filesystem::copy_file(expired.key(), soon.key(), copy_options::overwrite_existing);
  server().signal(SIGHUP);
  server().wait_for_output("': it has expired, at ");
}

TEST_F(TlsTest, HangupReloadsTheCertificateForNewConnectionsOnly) {
  start_tls();
  TestPeer alice = secure_peer("alice");
  const std::string first = serial_of_new_connection();
  EXPECT_EQ(alice.ws().stream().certificate_serial(), first);

  const DevCertificate renewed;
  using std::filesystem::copy_options;
  const auto install = [&](const std::string& from, const std::string& to) {
    std::filesystem::copy_file(from, to, copy_options::overwrite_existing);
  };
  install(renewed.certificate(), certificate_.certificate());
  server().signal(SIGHUP);  // the key is still the old one
  server().wait_for_output("tls_key: the key in");
  EXPECT_EQ(serial_of_new_connection(), first);

  install(renewed.key(), certificate_.key());
  server().signal(SIGHUP);
  server().wait_for_output("new connections get the certificate");
  const Deadline deadline;  // each loop takes it up when it gets to it
  while (serial_of_new_connection() == first) ASSERT_FALSE(deadline.passed());
  alice.round_trip();
}

}  // namespace
}  // namespace peer::test
