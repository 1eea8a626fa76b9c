#include "tests/support/admin_client.h"

#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>
#include <gtest/gtest.h>

#include <fstream>
#include <stdexcept>
#include <utility>
#include <valijson/adapters/poco_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>
#include <vector>

namespace peer::test {
namespace {

using Object = Poco::JSON::Object;

Object::Ptr parse_description() {
  std::ifstream file(PEER_OPENAPI);
  if (!file) throw std::runtime_error("cannot read " PEER_OPENAPI);
  Poco::JSON::Parser parser;
  return parser.parse(file).extract<Object::Ptr>();
}

Object::Ptr description() {
  static const Object::Ptr document = parse_description();
  return document;
}

std::vector<std::string> parts_of(std::string_view path) {
  std::vector<std::string> parts;
  path = path.substr(0, path.find('?'));
  while (!path.empty()) {
    path.remove_prefix(1);
    parts.emplace_back(path.substr(0, path.find('/')));
    path.remove_prefix(parts.back().size());
  }
  return parts;
}

bool fits(const std::string& described, std::string_view path) {
  const auto wanted = parts_of(described);
  const auto given = parts_of(path);
  if (wanted.size() != given.size()) return false;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (!wanted[i].starts_with('{') && wanted[i] != given[i]) return false;
  }
  return true;
}

/// The reference to the schema of an answer; empty: nothing is said of it.
std::string schema_of(std::string_view method, std::string_view path, int status) {
  std::string verb(method == "HEAD" ? "GET" : method);
  for (char& c : verb) c = static_cast<char>(c + ('a' - 'A'));
  const Object::Ptr paths = description()->getObject("paths");
  for (const std::string& described : paths->getNames()) {
    const Object::Ptr methods = paths->getObject(described);
    if (!fits(described, path) || !methods->has(verb)) continue;
    const Object::Ptr responses = methods->getObject(verb)->getObject("responses");
    const std::string code = std::to_string(status);
    const bool is_usual = status == 404 || status == 405 || status == 411 || status == 413;
    if (!responses->has(code) && !is_usual) return {};
    const Object::Ptr response =
        responses->getObject(responses->has(code) ? code : std::string("default"));
    return response->getObject("content")
        ->getObject("application/json")
        ->getObject("schema")
        ->getValue<std::string>("$ref");
  }
  // Of paths and methods that are not there only errors are known.
  return status == 404 || status == 405 || status == 401 ? "#/components/schemas/Error" : "";
}

}  // namespace

std::string fault_of_answer(std::string_view method, std::string_view path,
                            const HttpReply& reply) {
  const std::string reference = schema_of(method, path, reply.status);
  if (reference.empty()) {
    return "docs/openapi.json has no " + std::string(method) + " " + std::string(path) +
           " with status " + std::to_string(reply.status);
  }
  return fault_by_schema(reference.substr(reference.rfind('/') + 1), Json::parse(reply.body));
}

std::string fault_by_schema(const std::string& name, const Json& value) {
  if (!description()->getObject("components")->getObject("schemas")->has(name)) {
    return "docs/openapi.json has no schema " + name;
  }
  Object::Ptr root = new Object(*description());
  root->set("$ref", "#/components/schemas/" + name);
  const Poco::Dynamic::Var document = root;
  valijson::Schema schema;
  valijson::SchemaParser().populateSchema(valijson::adapters::PocoJsonAdapter(document), schema);
  valijson::ValidationResults results;
  if (valijson::Validator().validate(schema, valijson::adapters::PocoJsonAdapter(value.value()),
                                     &results)) {
    return {};
  }
  std::string text = value.text() + "\n";
  for (valijson::ValidationResults::Error error; results.popError(error);) {
    for (const std::string& step : error.context) text += step;
    text += ": " + error.description + "\n";
  }
  return text;
}

AdminReply AdminClient::request(std::string_view method, std::string_view path,
                                std::string_view body) {
  std::string head = "Authorization: Bearer " + token_ + "\r\n";
  if (!body.empty()) head += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  http_.stream().write(std::string(method) + " " + std::string(path) +
                       " HTTP/1.1\r\nHost: localhost\r\n" + head + "\r\n" + std::string(body));
  AdminReply reply;
  reply.whole = http_.read_reply();
  reply.status = reply.whole.status;
  EXPECT_EQ(fault_of_answer(method, path, reply.whole), "") << method << " " << path;
  EXPECT_EQ(reply.whole.headers["cache-control"], "no-store");
  EXPECT_EQ(reply.whole.headers.count("access-control-allow-origin"), 0U);
  reply.body = Json::parse(reply.whole.body);
  return reply;
}

std::string AdminClient::refusal(int status, std::string_view method, std::string_view path,
                                 std::string_view body) {
  const AdminReply reply = request(method, path, body);
  EXPECT_EQ(reply.status, status) << reply.whole.body;
  return reply.body["error"]["message"].str();
}

}  // namespace peer::test
