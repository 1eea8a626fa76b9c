#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/support/http_client.h"
#include "tests/support/json.h"

namespace peer::test {

/// Says what is wrong with an answer of the Server API by docs/openapi.json: of a path, a method or
/// a status that is not described there, too. Empty: it is as described. Any thread.
std::string fault_of_answer(std::string_view method, std::string_view path, const HttpReply& reply);

/// Says what is wrong with a value by one of the schemas of docs/openapi.json. Any thread.
std::string fault_by_schema(const std::string& name, const Json& value);

/// An answer of the Server API.
struct AdminReply {
  int status = 0;
  Json body;
  HttpReply whole;
};

/// A client of the Server API. Each answer that is not as docs/openapi.json describes it fails the
/// test. One thread.
class AdminClient {
 public:
  AdminClient(std::uint16_t port, std::string token) : http_(port), token_(std::move(token)) {}

  AdminReply request(std::string_view method, std::string_view path, std::string_view body = {});
  AdminReply get(std::string_view path) { return request("GET", path); }
  AdminReply post(std::string_view path, std::string_view body) {
    return request("POST", path, body);
  }
  AdminReply put(std::string_view path, std::string_view body) {
    return request("PUT", path, body);
  }
  AdminReply remove(std::string_view path) { return request("DELETE", path); }
  /// The message of a refusal with this status; any other answer fails the test.
  std::string refusal(int status, std::string_view method, std::string_view path,
                      std::string_view body = {});
  HttpClient& http() { return http_; }

 private:
  HttpClient http_;
  std::string token_;
};

}  // namespace peer::test
