#pragma once

#include <Poco/Exception.h>
#include <Poco/Net/Context.h>
#include <Poco/Net/NetSSL.h>
#include <Poco/Net/SecureServerSocket.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/StreamSocket.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <utility>

#include "tests/support/dev_certificate.h"

namespace peer::test {

/// An https server on all addresses of this machine that answers each connection once, with these
/// bytes.
class SecureServer {
 public:
  SecureServer(const DevCertificate& certificate, std::string answer)
      : answer_(std::move(answer)),
        socket_(Poco::Net::SocketAddress("0.0.0.0", 0), 16, context(certificate)),
        thread_([this] { run(); }) {}
  ~SecureServer() {
    stopping_ = true;
    Poco::Net::StreamSocket knock;  // ends accept()
    knock.connect(Poco::Net::SocketAddress("127.0.0.1", port()));
    knock.close();
    thread_.join();
  }
  [[nodiscard]] std::uint16_t port() const { return socket_.address().port(); }
  [[nodiscard]] std::string url(const std::string& host) const {
    return "https://" + host + ":" + std::to_string(port()) + "/jwks";
  }

 private:
  static Poco::Net::Context::Ptr context(const DevCertificate& certificate) {
    Poco::Net::initializeSSL();
    Poco::Net::Context::Params params;
    params.certificateFile = certificate.certificate();
    params.privateKeyFile = certificate.key();
    params.verificationMode = Poco::Net::Context::VERIFY_NONE;
    return new Poco::Net::Context(Poco::Net::Context::TLS_SERVER_USE, params);
  }
  void run() {
    while (!stopping_) {
      try {
        Poco::Net::StreamSocket connection = socket_.acceptConnection();
        std::array<char, 4096> head{};
        if (connection.receiveBytes(head.data(), static_cast<int>(head.size())) <= 0) continue;
        connection.sendBytes(answer_.data(), static_cast<int>(answer_.size()));
        connection.shutdown();
      } catch (const Poco::Exception&) {
        continue;  // a client that does not trust it
      }
    }
  }

  const std::string answer_;
  std::atomic<bool> stopping_{false};
  Poco::Net::SecureServerSocket socket_;
  std::thread thread_;
};

}  // namespace peer::test
