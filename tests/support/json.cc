#include "tests/support/json.h"

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>
#include <Poco/JSON/Stringifier.h>

#include <ostream>
#include <sstream>
#include <stdexcept>

namespace peer::test {
namespace {

using Poco::JSON::Array;
using Poco::JSON::Object;

const Object* as_object(const Poco::Dynamic::Var& value) {
  return value.type() == typeid(Object::Ptr) ? value.extract<Object::Ptr>().get() : nullptr;
}

const Array* as_array(const Poco::Dynamic::Var& value) {
  return value.type() == typeid(Array::Ptr) ? value.extract<Array::Ptr>().get() : nullptr;
}

}  // namespace

Json Json::parse(std::string_view text) {
  try {
    // In an array, because Poco's parser takes no scalar alone.
    return Json(Poco::JSON::Parser().parse("[" + std::string(text) + "]"))[0];
  } catch (const Poco::Exception& error) {
    throw std::runtime_error("not JSON (" + error.displayText() + "): " + std::string(text));
  }
}

Json Json::operator[](std::string_view key) const {
  const Object* object = as_object(value_);
  const std::string name(key);
  return object != nullptr && object->has(name) ? Json(object->get(name)) : Json();
}

Json Json::operator[](std::size_t index) const {
  const Array* array = as_array(value_);
  const auto position = static_cast<unsigned>(index);
  return array != nullptr && index < array->size() ? Json(array->get(position)) : Json();
}

std::size_t Json::size() const {
  if (const Object* object = as_object(value_)) return object->size();
  if (const Array* array = as_array(value_)) return array->size();
  return 0;
}

std::vector<std::string> Json::keys() const {
  std::vector<std::string> names;
  if (const Object* object = as_object(value_)) object->getNames(names);
  return names;
}

std::string Json::str() const {
  return value_.type() == typeid(std::string) ? value_.extract<std::string>() : text();
}

std::int64_t Json::number() const {
  if (!exists_ || !value_.isInteger()) throw std::runtime_error("no integer: " + text());
  return value_.convert<Poco::Int64>();
}

std::string Json::text() const {
  if (!exists_) return "(absent)";
  if (value_.isEmpty()) return "null";
  std::ostringstream out;
  Poco::JSON::Stringifier::stringify(value_, out);
  return out.str();
}

std::ostream& operator<<(std::ostream& out, const Json& json) { return out << json.text(); }

std::string fmt_strings(std::string_view pattern, const std::vector<std::string>& arguments) {
  std::string out;
  std::size_t next = 0;
  for (const char c : pattern) {
    if (c == '%') {
      out += arguments.at(next++);
    } else {
      out.push_back(c);
    }
  }
  if (next != arguments.size()) throw std::runtime_error("too many arguments for " + out);
  return out;
}

}  // namespace peer::test
