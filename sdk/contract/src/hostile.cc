#include "hostile.h"

#include <cstring>
#include <limits>

namespace peer::sdk::contract {
namespace {

Value deep(int depth) {
  Value value{std::string("bottom")};
  for (int i = 0; i < depth; ++i) value = Value{Value::List{std::move(value)}};
  return value;
}

/// One of each kind, and the ends of each.
std::vector<Value> odd_values() {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  std::vector<Value> values{{}, {true}, {false}};
  for (const double number : {0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 4294967296.0, 9007199254740993.0,
                              1e308, -1e308, kInfinity, -kInfinity, 5e-324}) {
    values.push_back({number});
  }
  for (const char* text :
       {"", "a", "*", "\xC3\xA4\xF0\x9F\x98\x80", "\xE2\x80\xAE", "\" OR 1=1 --", "../../etc"}) {
    values.push_back({std::string(text)});
  }
  values.push_back({std::string(1, '\0')});
  values.push_back({std::string("a\0b\n\x1B[2J", 7)});
  values.push_back({std::string(10'000, 'x')});
  values.push_back({std::string(64, '0')});  // as a fingerprint is written
  values.push_back({Value::List{}});
  values.push_back({Value::List(1000, Value{1.0})});
  values.push_back({Value::List{{}, {true}, {1.0}, {std::string("a")}, {Value::Object{}}}});
  values.push_back({Value::Object{}});
  values.push_back({Value::Object{{"", {}}, {"id", {std::string("x")}}, {"size", {1e9}}}});
  values.push_back(deep(50));
  return values;
}

void vary(const Value& sample, std::vector<Value>& all) {
  const Value::Object* members = sample.as_object();
  if (members == nullptr) return;
  for (const auto& [key, member] : *members) {
    Value::Object without = *members;
    without.erase(key);
    all.push_back({std::move(without)});
    std::vector<Value> others = odd_values();
    vary(member, others);  // of a map in it, too
    for (Value& other : others) {
      Value::Object changed = *members;
      changed.insert_or_assign(key, std::move(other));
      all.push_back({std::move(changed)});
    }
  }
}

void spoil(Value& value) {
  if (auto* text = std::get_if<std::string>(&value.data)) text->assign(text->size(), '\xDD');
  if (auto* number = std::get_if<double>(&value.data)) *number = -6.66e66;
  if (auto* list = std::get_if<Value::List>(&value.data)) {
    for (Value& entry : *list) spoil(entry);
  }
  if (auto* object = std::get_if<Value::Object>(&value.data)) {
    for (auto& [key, member] : *object) spoil(member);
  }
}

}  // namespace

std::vector<Value> hostile_objects(const std::vector<Value>& samples) {
  std::vector<Value> all{{Value::Object{}}};
  for (const Value& sample : samples) {
    all.push_back(sample);
    vary(sample, all);
    if (const Value::Object* members = sample.as_object()) {
      Value::Object more = *members;
      for (int i = 0; i < 300; ++i) more.emplace("extra" + std::to_string(i), Value{1.0});
      all.push_back({std::move(more)});
    }
  }
  for (Value& value : odd_values()) all.push_back({Value::Object{{"surprise", std::move(value)}}});
  return all;
}

Fleeting::Fleeting(std::string_view text) : bytes_(new char[text.size()]), size_(text.size()) {
  if (!text.empty()) std::memcpy(bytes_.get(), text.data(), size_);
}

Fleeting::~Fleeting() {
  // Volatile: what nobody may look at any more, a compiler need not write.
  volatile char* bytes = bytes_.get();
  for (std::size_t i = 0; i < size_; ++i) bytes[i] = '\xDD';
}

FleetingValue::~FleetingValue() { spoil(*value_); }

Fingerprint peer_number(std::uint32_t number) {
  Fingerprint fingerprint;
  for (std::size_t i = 0; i < 4; ++i) {
    fingerprint.bytes[i] = static_cast<std::uint8_t>(number >> (24 - 8 * i));
  }
  return fingerprint;
}

}  // namespace peer::sdk::contract
