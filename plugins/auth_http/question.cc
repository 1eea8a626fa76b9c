#include "question.h"

#include <algorithm>

#include <peer/sdk/json.h>

namespace peer_http_auth {
namespace {

using peer::sdk::AuthRequest;
using peer::sdk::Error;
using peer::sdk::JsonObject;
using peer::sdk::Result;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

JsonObject headers_of(const AuthRequest& request, const std::vector<std::string>& names) {
  JsonObject object;
  for (const std::string& wanted : names) {
    // RFC 6265 5.4: cookies are separated in their own way.
    const char* separator = same_header(wanted, "cookie") ? "; " : ", ";
    std::string joined;
    bool found = false;
    for (const auto& [name, value] : request.headers) {
      if (!same_header(name, wanted)) continue;
      if (found) joined += separator;
      joined += value;
      found = true;
    }
    if (found) object.add(wanted, joined);
  }
  return object;
}

}  // namespace

bool same_header(std::string_view one, std::string_view other) {
  return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                    [](char a, char b) { return lower(a) == lower(b); });
}

Result<std::string> question_of(const AuthRequest& request, const std::vector<std::string>& headers,
                                bool with_query) {
  JsonObject rest;
  rest.add("address", request.remote_address);
  rest.add("origin", request.origin);
  rest.add("headers", headers_of(request, headers));
  if (with_query) rest.add("query", request.query);
  const Result<std::string> text = rest.text();
  if (!text) return Error{"the upgrade request is not UTF-8"};
  // The core has checked the payload: it is one JSON object.
  std::string question = "{\"register\":";
  question.append(request.payload).append(",").append(*text, 1);
  return question;
}

}  // namespace peer_http_auth
