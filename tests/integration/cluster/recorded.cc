#include "tests/integration/cluster/recorded.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>
#include <stdexcept>

#include "plugins/broker_kit/envelope.h"

namespace peer::test {
namespace {

using Texts = std::vector<std::string>;
using peer_broker_kit::unpack;

/// Fields that differ from run to run: kind, index, name.
struct RunField {
  char kind;
  std::size_t index;
  const char* name;
};
constexpr RunField kRunFields[] = {
    {'S', 2, "{number}"},       {'A', 1, "{number}"},       {'B', 3, "{number}"},
    {'C', 2, "{number}"},       {'P', 1, "{number}"},       {'J', 4, "{token}"},
    {'R', 2, "{token}"},        {'X', 2, "{registration}"}, {'T', 2, "{ticket}"},
    {'T', 5, "{registration}"}, {'T', 6, "{enqueued}"},     {'H', 2, "{registration}"},
    {'W', 2, "{ticket}"},       {'U', 2, "{ticket}"},       {'M', 2, "{session}"},
};
/// Fields that are packed themselves.
constexpr std::pair<char, std::size_t> kPacked[] = {{'S', 6}, {'E', 3}, {'R', 6}, {'M', 3}};

bool is_packed(char kind, std::size_t index) {
  return std::find(std::begin(kPacked), std::end(kPacked), std::pair(kind, index)) !=
         std::end(kPacked);
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  if (what.empty()) return text;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
  return text;
}

std::string with_names(std::string text, const Values& values) {
  for (const auto& [name, value] : values) text = replaced(std::move(text), value, name);
  return std::regex_replace(text, std::regex("\"ts\":[0-9]+"), "\"ts\":{ts}");
}

std::string with_values(std::string text, const Values& values) {
  for (const auto& [name, value] : values) text = replaced(std::move(text), name, value);
  return replaced(std::move(text), "{ts}", "1700000000000");
}

std::string line_of(std::string_view text) {
  return (text.empty() ? "-" : std::string(text)) + '\n';
}

Texts lines_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("no " + path.string());
  Texts lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

std::map<char, RecordedEnvelope> read_envelopes(const std::filesystem::path& path) {
  std::map<char, RecordedEnvelope> all;
  RecordedEnvelope envelope;
  const auto finish = [&] {
    if (!envelope.empty()) all[envelope.at(0).text.at(0)] = std::move(envelope);
    envelope.clear();
  };
  bool inside = false;
  for (const std::string& line : lines_of(path)) {
    const std::string text = line == "-" ? "" : line;
    if (line.starts_with("# ")) continue;
    if (line.empty()) {
      finish();
    } else if (line == "(") {
      envelope.push_back({"", true, {}});
      inside = true;
    } else if (line == ")") {
      inside = false;
    } else if (inside) {
      envelope.back().packed.push_back(text);
    } else {
      envelope.push_back({text, false, {}});
    }
  }
  finish();
  return all;
}

constexpr const char* kReadStore = R"(
local out = {}
for _, key in ipairs(redis.call('KEYS', 'peer:{0}:*')) do
  local kind, fields = redis.call('TYPE', key).ok, nil
  if kind == 'string' then fields = {redis.call('GET', key)} end
  if kind == 'set' then fields = redis.call('SMEMBERS', key) end
  if kind == 'hash' then fields = redis.call('HGETALL', key) end
  if kind == 'zset' then fields = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES') end
  for _, item in ipairs({kind, key, tostring(#fields), unpack(fields)}) do out[#out + 1] = item end
end
return out)";

struct Key {
  std::string kind;
  std::string name;
  Texts content;
};

/// Entries of one or two lines, in an order that does not depend on what the names stand for.
std::string sorted(const Key& key) {
  const std::size_t step = key.kind == "hash" || key.kind == "zset" ? 2 : 1;
  Texts entries;
  for (std::size_t i = 0; i < key.content.size(); i += step) {
    std::string entry;
    for (std::size_t j = i; j < i + step; ++j) entry += "  " + line_of(key.content[j]);
    entries.push_back(entry);
  }
  std::sort(entries.begin(), entries.end());
  std::string all;
  for (const std::string& entry : entries) all += entry;
  return all;
}

Texts command_for(const Key& key) {
  Texts command;
  if (key.kind == "string") command = {"SET", key.name};
  if (key.kind == "set") command = {"SADD", key.name};
  if (key.kind == "hash") command = {"HSET", key.name};
  if (key.kind == "zset") command = {"ZADD", key.name};
  for (std::size_t i = 0; i < key.content.size(); ++i) {
    // A sorted set is shown with its members before their scores, and written the other way.
    command.push_back(key.content[key.kind == "zset" ? i ^ 1U : i]);
  }
  return command;
}

}  // namespace

std::filesystem::path newest_records() {
  std::filesystem::path newest;
  for (const auto& entry : std::filesystem::directory_iterator(PEER_RECORDED)) {
    newest = std::max(newest, entry.path());
  }
  return newest;
}

std::vector<Records> all_records() {
  std::vector<Records> all;
  for (const auto& entry : std::filesystem::directory_iterator(PEER_RECORDED)) {
    std::string store;
    for (const std::string& line : lines_of(entry.path() / "store")) store += line + '\n';
    all.push_back({entry.path().filename(), read_envelopes(entry.path() / "envelopes"), store});
  }
  std::sort(all.begin(), all.end(),
            [](const Records& a, const Records& b) { return a.version < b.version; });
  return all;
}

std::string text_of(const std::string& envelope, const Values& values) {
  const auto fields = unpack(envelope);
  if (!fields || fields->empty()) throw std::runtime_error("no envelope: " + envelope);
  const char kind = fields->at(0)[0];
  std::string text;
  for (std::size_t i = 0; i < fields->size(); ++i) {
    std::string field(fields->at(i));
    for (const RunField& run : kRunFields) {
      if (run.kind == kind && run.index == i && !field.empty()) field = run.name;
    }
    if (!is_packed(kind, i)) {
      text += line_of(with_names(field, values));
      continue;
    }
    text += "(\n";
    const auto inner = unpack(field);
    if (!inner) throw std::runtime_error("no packed field: " + field);
    for (std::size_t j = 0; j < inner->size(); ++j) {
      const bool is_ticket = kind == 'M' && j % 3 == 1;
      text += is_ticket ? "{ticket}\n" : line_of(with_names(std::string((*inner)[j]), values));
    }
    text += ")\n";
  }
  return text;
}

std::string bytes_of(const RecordedEnvelope& envelope, const Values& values) {
  std::string bytes;
  for (const RecordedField& field : envelope) {
    std::string text = with_values(field.text, values);
    for (const std::string& inner : field.packed) {
      peer_broker_kit::append_field(text, with_values(inner, values));
    }
    peer_broker_kit::append_field(bytes, text);
  }
  return bytes;
}

std::string text_of_store(RedisClient& redis, const Values& values) {
  const Texts texts = redis.command({"EVAL", kReadStore, "0"});
  std::map<std::string, std::string> keys;
  for (std::size_t i = 0; i < texts.size();) {
    Key key{texts[i], with_names(texts[i + 1], values), {}};
    const std::size_t count = std::stoul(texts[i + 2]);
    for (std::size_t j = 0; j < count; ++j) {
      key.content.push_back(with_names(texts[i + 3 + j], values));
    }
    keys[key.name] = key.kind + ' ' + key.name + '\n' + sorted(key);
    i += 3 + count;
  }
  std::string out;
  for (const auto& [name, text] : keys) out += text;
  out = std::regex_replace(out, std::regex("(:born\n  b\n  )[0-9]+"), "$1{beats}");
  // Times, in ms and us, and random numbers.
  return std::regex_replace(out, std::regex("[0-9]{13,}[or]?"), "{time}");
}

void load_store(RedisClient& redis, const std::string& store, const Values& values) {
  std::istringstream lines(store);
  std::vector<Key> keys;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("  ")) {
      const std::string text = line.substr(2);
      keys.back().content.push_back(text == "-" ? "" : with_values(text, values));
    } else {
      const auto space = line.find(' ');
      keys.push_back({line.substr(0, space), with_values(line.substr(space + 1), values), {}});
    }
  }
  for (const Key& key : keys) redis.command(command_for(key));
}

}  // namespace peer::test
