#include "core/process/health_check.h"

#include <Poco/Exception.h>
#include <Poco/Net/Context.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/SecureStreamSocket.h>
#include <Poco/Net/StreamSocket.h>

#include <memory>
#include <string_view>

#include "core/base/address.h"
#include "core/net/proxy_protocol.h"

namespace peer {
namespace {

using Poco::Net::HTTPClientSession;
using Poco::Net::SocketAddress;

const Poco::Timespan kPatience(5, 0);

std::string own_host(const std::string& host) {
  return host == "0.0.0.0" ? "127.0.0.1" : host == "::" ? "::1" : host;
}

Poco::Net::StreamSocket connect_to(const HealthTarget& target) {
  const SocketAddress address = target.unix_socket.empty()
                                    ? SocketAddress(own_host(target.host), target.port)
                                    : SocketAddress(SocketAddress::UNIX_LOCAL, target.unix_socket);
  Poco::Net::StreamSocket socket(address.family());
  socket.connect(address, kPatience);
  // The server reads it before TLS begins.
  if (target.proxy_protocol) {
    const std::string_view header = local_proxy_header();
    socket.sendBytes(header.data(), static_cast<int>(header.size()));
  }
  return socket;
}

std::unique_ptr<HTTPClientSession> session_with(const HealthTarget& target) {
  const Poco::Net::StreamSocket socket = connect_to(target);
  if (!target.tls) return std::make_unique<HTTPClientSession>(socket);
  const Poco::Net::Context::Ptr context(new Poco::Net::Context(
      Poco::Net::Context::TLS_CLIENT_USE, "", Poco::Net::Context::VERIFY_NONE));
  // Poco's HTTPSClientSession sets its port, which it refuses for a socket that is connected.
  return std::make_unique<HTTPClientSession>(
      Poco::Net::SecureStreamSocket::attach(socket, own_host(target.host), context));
}

}  // namespace

sdk::Result<void> check_health(const HealthTarget& target) {
  try {
    const auto session = session_with(target);
    session->setTimeout(kPatience);
    Poco::Net::HTTPRequest request("GET", "/health", "HTTP/1.1");
    request.setHost("localhost");
    session->sendRequest(request);
    Poco::Net::HTTPResponse response;
    session->receiveResponse(response);
    if (response.getStatus() == 200) return {};
    return sdk::Error{"/health answers " + std::to_string(response.getStatus())};
  } catch (const Poco::Exception& failure) {
    const std::string where = target.unix_socket.empty()
                                  ? with_port(own_host(target.host), target.port)
                                  : "unix:" + target.unix_socket;
    return sdk::Error{"no server at " + where + ": " + failure.displayText()};
  }
}

}  // namespace peer
