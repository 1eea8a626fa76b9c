#include "core/net/health_check.h"

#include <Poco/Exception.h>
#include <Poco/Net/Context.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/HTTPSClientSession.h>

#include <memory>

#include "core/base/address.h"

namespace peer {
namespace {

using Poco::Net::HTTPClientSession;

std::unique_ptr<HTTPClientSession> session_with(const std::string& host, std::uint16_t port,
                                                bool tls) {
  if (!tls) return std::make_unique<HTTPClientSession>(host, port);
  const Poco::Net::Context::Ptr context(new Poco::Net::Context(
      Poco::Net::Context::TLS_CLIENT_USE, "", Poco::Net::Context::VERIFY_NONE));
  return std::make_unique<Poco::Net::HTTPSClientSession>(host, port, context);
}

}  // namespace

sdk::Result<void> check_health(const std::string& host, std::uint16_t port, bool tls) {
  const std::string target = host == "0.0.0.0" ? "127.0.0.1" : host == "::" ? "::1" : host;
  try {
    const auto session = session_with(target, port, tls);
    session->setTimeout(Poco::Timespan(5, 0));
    Poco::Net::HTTPRequest request("GET", "/health", "HTTP/1.1");
    session->sendRequest(request);
    Poco::Net::HTTPResponse response;
    session->receiveResponse(response);
    if (response.getStatus() == 200) return {};
    return sdk::Error{"/health answers " + std::to_string(response.getStatus())};
  } catch (const Poco::Exception& failure) {
    return sdk::Error{"no server at " + with_port(target, port) + ": " + failure.displayText()};
  }
}

}  // namespace peer
