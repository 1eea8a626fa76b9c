// The corners of the handshake, byte by byte over a socket: RFC 6455 4.2, RFC 9112;
// docs/protocol.md, "Endpoint". After each of them the server serves another client.
#include "tests/support/dev_certificate.h"
#include "tests/support/server_test.h"

namespace peer::test {
namespace {

using namespace std::string_literals;

const std::string kHost = "Host: localhost\r\n";
const std::string kAsk = "Upgrade: websocket\r\nConnection: Upgrade\r\n";
const std::string kVersion = "Sec-WebSocket-Version: 13\r\n";
const std::string kKey = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
const std::string kUpgrade = kAsk + kVersion + kKey;
const std::string kRegister =
    encode({.payload = message("register", R"({"public_key":"pipelined"})")});

std::string get(const std::string& target, const std::string& lines) {
  return "GET " + target + " HTTP/1.1\r\n" + lines + "\r\n";
}

/// An upgrade with one more header line, or more.
std::string upgrade_and(const std::string& lines) { return get("/ws", kHost + kUpgrade + lines); }

/// A header block of this many bytes in all.
std::string upgrade_of_size(std::size_t size) {
  const std::string half = "A: " + std::string(7000, 'a') + "\r\n";
  const std::size_t others = upgrade_and(half + half + "B: \r\n").size();
  return upgrade_and(half + half + "B: " + std::string(size - others, 'b') + "\r\n");
}

std::string repeated(const std::string& line, int count) {
  std::string lines;
  for (int i = 0; i < count; ++i) lines += line;
  return lines;
}

struct Corner {
  const char* name;
  std::string bytes;
  int status;
};

class HandshakeTest : public ServerTest {};

TEST_F(HandshakeTest, WhatIsRefusedIsAnsweredAndTheConnectionEnds) {
  const Corner corners[] = {
      {"no key", get("/ws", kHost + kAsk + kVersion), 400},
      {"two keys", upgrade_and(kKey), 400},
      {"short key", get("/ws", kHost + kAsk + kVersion + "Sec-WebSocket-Key: c2hvcnQ=\r\n"), 400},
      {"long key",
       get("/ws", kHost + kAsk + kVersion + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZTE=\r\n"),
       400},
      {"a key that is no base64",
       get("/ws", kHost + kAsk + kVersion + "Sec-WebSocket-Key: !!!!!!!!!!!!!!!!!!!!!!==\r\n"),
       400},
      {"no version", get("/ws", kHost + kAsk + kKey), 426},
      {"an older version", get("/ws", kHost + kAsk + "Sec-WebSocket-Version: 8\r\n" + kKey), 426},
      {"a list of versions", get("/ws", kHost + kAsk + "Sec-WebSocket-Version: 13, 8\r\n" + kKey),
       426},
      {"two versions", upgrade_and(kVersion), 426},
      {"no upgrade token", get("/ws", kHost + "Connection: Upgrade\r\n" + kVersion + kKey), 400},
      {"another upgrade token",
       get("/ws", kHost + "Upgrade: h2c\r\nConnection: Upgrade\r\n" + kVersion + kKey), 400},
      {"no connection token", get("/ws", kHost + "Upgrade: websocket\r\n" + kVersion + kKey), 400},
      {"a connection token that only begins so",
       get("/ws", kHost + "Upgrade: websocket\r\nConnection: Upgraded\r\n" + kVersion + kKey), 400},
      {"extensions against the grammar", upgrade_and("Sec-WebSocket-Extensions: a; =1\r\n"), 400},
      {"empty extensions", upgrade_and("Sec-WebSocket-Extensions:\r\n"), 400},
      {"no host", get("/ws", kUpgrade), 400},
      {"two hosts", upgrade_and(kHost), 400},
      {"a body", upgrade_and("Content-Length: 5\r\n") + "hello", 400},
      {"a chunked body", upgrade_and("Transfer-Encoding: chunked\r\n") + "0\r\n\r\n", 400},
      {"too many headers", upgrade_and(repeated("X: a\r\n", 252)), 431},
      {"one header beyond the bound of the head", upgrade_and("X: " + std::string(16384, 'v')),
       431},
      {"a head beyond its bound", upgrade_of_size(16 * 1024 + 1), 431},
      {"a head without an end", upgrade_of_size(16 * 1024 + 1).substr(0, 16 * 1024), 431},
      {"a target beyond the bound of the head",
       get("/ws?" + std::string(16 * 1024, 'q'), kHost + kUpgrade), 414},
      {"a target that leaves no room for headers",
       get("/ws?" + std::string(16'300, 'q'), kHost + kUpgrade), 431},
      {"an endless method", std::string(16 * 1024, 'G'), 400},
      {"no header name", upgrade_and(": a\r\n"), 400},
      {"no colon", upgrade_and("X\r\n"), 400},
      {"a space before the colon", upgrade_and("X : a\r\n"), 400},
      {"obs-fold with a space", upgrade_and("X: a\r\n b\r\n"), 400},
      {"obs-fold with a tab", upgrade_and("X: a\r\n\tb\r\n"), 400},
      {"obs-fold of the first header", "GET /ws HTTP/1.1\r\n " + kHost + kUpgrade + "\r\n", 400},
      {"a bare LF behind a header", upgrade_and("X: a\n"), 400},
      {"bare LFs only", "GET /ws HTTP/1.1\nHost: localhost\n\n", 400},
      {"a bare CR", upgrade_and("X: a\rb\r\n"), 400},
      {"NUL in a value", upgrade_and("X: a\0b\r\n"s), 400},
      {"NUL in a name", upgrade_and("X\0Y: a\r\n"s), 400},
      {"NUL in the target", get("/ws\0"s, kHost + kUpgrade), 400},
      {"an absolute URL of another scheme", get("ftp://localhost/ws", kHost + kUpgrade), 400},
      {"an absolute URL without a host", get("http:///ws", kHost + kUpgrade), 400},
      {"authority form", get("peer.example:80", kHost + kUpgrade), 400},
      {"asterisk form", get("*", kHost + kUpgrade), 400},
      {"no path", get("ws", kHost + kUpgrade), 400},
      {"a fragment", get("/ws#there", kHost + kUpgrade), 400},
      {"HTTP/1.0", "GET /ws HTTP/1.0\r\n" + kHost + kUpgrade + "\r\n", 400},
      {"HTTP/2 in words", "GET /ws HTTP/2.0\r\n" + kHost + kUpgrade + "\r\n", 400},
      {"an HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"s, 400},
      {"an empty line first", "\r\n" + upgrade_and(""), 400},
      {"a frame without a handshake", encode({.payload = std::string(200, 'x')}), 400},
      {"refused, and a request behind it", get("/ws", kHost) + get("/health", kHost), 400},
      {"refused, and a message behind it", get("/ws", kHost + kAsk + kVersion) + kRegister, 400},
  };
  for (const Corner& corner : corners) {
    SCOPED_TRACE(corner.name);
    HttpClient client(port());
    client.stream().write(corner.bytes);
    const HttpReply reply = client.read_reply();
    EXPECT_EQ(reply.status, corner.status);
    EXPECT_EQ(reply.headers.count("sec-websocket-version"), corner.status == 426 ? 1U : 0U);
    EXPECT_EQ(reply.headers.count("sec-websocket-accept"), 0U);
    EXPECT_EQ(reply.body.find("Injected"), std::string::npos);
    EXPECT_EQ(client.read_rest(), "") << "one answer, and the end";
    peer("another").round_trip();
  }
}

TEST_F(HandshakeTest, WhatIsLegalUpgradesAndTheMessageBehindItIsHeard) {
  const Corner corners[] = {
      {"as everybody does", upgrade_and(""), 101},
      {"tokens in any case",
       get("/ws", kHost + "UPGRADE: WebSocket\r\nconnection: UPGRADE\r\n" + kVersion + kKey), 101},
      {"a list of connection tokens",
       get("/ws",
           kHost + "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n" + kVersion + kKey),
       101},
      {"several connection headers", upgrade_and("Connection: keep-alive\r\nConnection: x\r\n"),
       101},
      {"a list of upgrade tokens",
       get("/ws", kHost + "Upgrade: h2c, websocket\r\nConnection: Upgrade\r\n" + kVersion + kKey),
       101},
      {"no white space",
       get("/ws",
           "Host:x\r\nUpgrade:websocket\r\nConnection:Upgrade\r\n"
           "Sec-WebSocket-Version:13\r\nSec-WebSocket-Key:"
           "dGhlIHNhbXBsZSBub25jZQ==\r\n"),
       101},
      {"white space around values",
       get("/ws", "Host:\t x \r\n" + kAsk + "Sec-WebSocket-Version: \t13 \r\n" +
                      "Sec-WebSocket-Key:\tdGhlIHNhbXBsZSBub25jZQ== \t\r\n"),
       101},
      {"bytes above ASCII in a value", upgrade_and("X: caf\xC3\xA9 \xFF\r\n"), 101},
      {"an unknown extension and protocol",
       upgrade_and("Sec-WebSocket-Extensions: x-unknown; a=\"b\"\r\n"
                   "Sec-WebSocket-Protocol: chat, superchat\r\n"),
       101},
      {"a query", get("/ws?token=%00&x=a?b", kHost + kUpgrade), 101},
      {"an absolute URL", get("http://peer.example:8443/ws?a=1", kHost + kUpgrade), 101},
      {"an absolute URL of https", get("HTTPS://localhost/ws", kHost + kUpgrade), 101},
      {"a long name", upgrade_and(std::string(9000, 'N') + ": a\r\n"), 101},
      {"a value of 8 KB", upgrade_and("X: " + std::string(8192, 'v') + "\r\n"), 101},
      {"the longest value", upgrade_and("X: " + std::string(16'000, 'v') + "\r\n"), 101},
      {"a query of 8 KB", get("/ws?" + std::string(8 * 1024, 'q'), kHost + kUpgrade), 101},
      {"96 headers more", upgrade_and(repeated("X: a\r\n", 96)), 101},
      {"the most headers", upgrade_and(repeated("X: a\r\n", 251)), 101},
      {"what looks like an encoded word", upgrade_and("Cookie: a=?utf-8?q?=0D=0A?=\r\n"), 101},
      {"the longest head", upgrade_of_size(16 * 1024), 101},
      {"an empty body", upgrade_and("Content-Length: 0\r\n"), 101},
  };
  for (const Corner& corner : corners) {
    SCOPED_TRACE(corner.name);
    HttpClient client(port());
    client.stream().write(corner.bytes + kRegister);
    HttpReply reply = client.read_reply();
    EXPECT_EQ(reply.status, corner.status);
    EXPECT_EQ(reply.headers["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    EXPECT_EQ(reply.headers.count("sec-websocket-extensions"), 0U);
    EXPECT_EQ(reply.headers.count("sec-websocket-protocol"), 0U);
    EXPECT_THAT(client.read_frame().payload, testing::HasSubstr(R"("type":"registered")"));
  }
}

TEST_F(HandshakeTest, RequestsInOneWriteAreAnsweredInOrderUpToTheUpgrade) {
  HttpClient client(port());
  client.stream().write(get("/health", kHost) + get("/nowhere", kHost) + upgrade_and("") +
                        kRegister);
  EXPECT_EQ(client.read_reply().status, 200);
  EXPECT_EQ(client.read_reply().status, 404);
  EXPECT_EQ(client.read_reply().status, 101);
  EXPECT_THAT(client.read_frame().payload, testing::HasSubstr(R"("type":"registered")"));
}

TEST_F(HandshakeTest, NothingBehindARequestThatClosesIsAnswered) {
  HttpClient client(port());
  client.stream().write(get("/health", kHost + "Connection: close\r\n") + get("/health", kHost));
  EXPECT_EQ(client.read_reply().status, 200);
  EXPECT_EQ(client.read_rest(), "");
}

TEST_F(HandshakeTest, Http10IsAnsweredAndClosedUnlessItAsksToStay) {
  HttpClient client(port());
  client.stream().write("GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(client.read_reply().status, 200);
  client.stream().write("GET /health HTTP/1.0\r\n\r\n");
  EXPECT_EQ(client.read_reply().status, 200);
  EXPECT_EQ(client.read_rest(), "");
}

TEST_F(HandshakeTest, AHandshakeByteByByteIsUnderstood) {
  HttpClient client(port());
  const std::string bytes = upgrade_and("") + kRegister;
  for (const char byte : bytes) client.stream().write({&byte, 1});
  EXPECT_EQ(client.read_reply().status, 101);
  EXPECT_THAT(client.read_frame().payload, testing::HasSubstr(R"("type":"registered")"));
}

TEST_F(HandshakeTest, ATlsClientOnAPlainPortFailsAtOnceAndAlone) {
  EXPECT_THROW(TcpStream(Dial{.port = port(), .tls = true}), std::runtime_error);
  peer("another").round_trip();
}

TEST_F(HandshakeTest, PlainHttpOnATlsPortIsAnswered400InThePlainAndEnds) {
  const DevCertificate certificate;
  start(certificate.settings());
  for (const std::string& bytes : {upgrade_and("") + kRegister, get("/health", kHost)}) {
    HttpClient client(port());
    client.stream().write(bytes);
    EXPECT_EQ(client.read_reply().status, 400);
    EXPECT_EQ(client.read_rest(), "");
  }
  for (const std::string& bytes :
       {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"s, "\0\0\0\0\0\0\0\0"s, kRegister}) {
    TcpStream stream(port());
    stream.write(bytes);
    stream.expect_end();
  }
  TestPeer another = connect(Dial{.tls = true});
  another.register_as("another");
  another.round_trip();
}

TEST_F(HandshakeTest, TheFirstOfferedSubprotocolThatIsListedIsAnswered) {
  start({"subprotocols=one,two"});
  const auto answer_to = [&](const std::string& lines) {
    HttpClient client(port());
    client.stream().write(upgrade_and(lines));
    const HttpReply reply = client.read_reply();
    EXPECT_EQ(reply.status, 101);
    const auto found = reply.headers.find("sec-websocket-protocol");
    return found == reply.headers.end() ? "(none)" : found->second;
  };
  EXPECT_EQ(answer_to("Sec-WebSocket-Protocol: zero, two, one\r\n"), "two");
  EXPECT_EQ(answer_to("Sec-WebSocket-Protocol: zero\r\nSec-WebSocket-Protocol: one\r\n"), "one");
  EXPECT_EQ(answer_to("Sec-WebSocket-Protocol: zero\r\n"), "(none)");
  EXPECT_EQ(answer_to(""), "(none)");
}

TEST_F(HandshakeTest, WithoutTheKeyNoSubprotocolIsAnsweredAndTheLogSaysSoAtDebug) {
  start({"log_level=debug"});
  HttpClient client(port());
  client.stream().write(upgrade_and("Sec-WebSocket-Protocol: secret-name\r\n"));
  EXPECT_EQ(client.read_reply().headers.count("sec-websocket-protocol"), 0U);
  server().wait_for_output("a client offers subprotocols of which none is in `subprotocols`");
  EXPECT_EQ(server().output().find("secret-name"), std::string::npos);
}

}  // namespace
}  // namespace peer::test
