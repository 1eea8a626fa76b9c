#include "tests/support/protocol_schema.h"

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <valijson/adapters/poco_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

namespace peer::test {
namespace {

using Object = Poco::JSON::Object;

std::string name_of(Sender sender) {
  switch (sender) {
    case Sender::kServer:
      return "server";
    case Sender::kClient:
      return "client";
    case Sender::kClientOfManagedRooms:
      break;
  }
  return "client_of_managed_rooms";
}

Object::Ptr parse_document() {
  std::ifstream file(PEER_PROTOCOL_SCHEMA);
  if (!file) throw std::runtime_error("cannot read " PEER_PROTOCOL_SCHEMA);
  Poco::JSON::Parser parser;
  return parser.parse(file).extract<Object::Ptr>();
}

// Parsed once; nobody changes it.
Object::Ptr read_document() {
  static const Object::Ptr document = parse_document();
  return document;
}

// A document whose root is the schema of one message type.
Object::Ptr document_of(Sender sender, const std::string& type) {
  Object::Ptr document = new Object(*read_document());
  document->set("$ref", "#/definitions/" + name_of(sender) + "/" + type);
  return document;
}

Object::Ptr schemas_of(Sender sender) {
  return read_document()->getObject("definitions")->getObject(name_of(sender));
}

// The schema of one message type, parsed once; null when there is none.
const valijson::Schema* schema_of(Sender sender, const std::string& type) {
  static std::mutex mutex;
  static std::map<std::pair<Sender, std::string>, std::unique_ptr<valijson::Schema>> schemas;
  const std::lock_guard lock(mutex);
  const auto [entry, is_new] = schemas.try_emplace({sender, type});
  if (is_new && schemas_of(sender)->has(type)) {
    const Poco::Dynamic::Var document = document_of(sender, type);
    entry->second = std::make_unique<valijson::Schema>();
    valijson::SchemaParser().populateSchema(valijson::adapters::PocoJsonAdapter(document),
                                            *entry->second);
  }
  return entry->second.get();
}

std::string text_of(valijson::ValidationResults& results) {
  std::string text;
  for (valijson::ValidationResults::Error error; results.popError(error);) {
    for (const std::string& step : error.context) text += step;
    text += ": " + error.description + "\n";
  }
  return text;
}

}  // namespace

std::string fault_of(Sender sender, const Json& message) {
  const valijson::Schema* schema = schema_of(sender, message["type"].str());
  if (schema == nullptr) return "docs/protocol.schema.json has no such type";
  valijson::ValidationResults results;
  const bool valid = valijson::Validator().validate(
      *schema, valijson::adapters::PocoJsonAdapter(message.value()), &results);
  return valid ? std::string() : text_of(results);
}

std::vector<std::string> message_types(Sender sender) { return schemas_of(sender)->getNames(); }

std::vector<Json> examples(Sender sender, const std::string& type) {
  const Poco::JSON::Array::Ptr listed = schemas_of(sender)->getObject(type)->getArray("examples");
  std::vector<Json> found;
  for (const auto& example : *listed) found.emplace_back(example);
  return found;
}

}  // namespace peer::test
