#include <algorithm>
#include <map>

#include "core/admin/node_details.h"
#include "core/config/plugin_kinds.h"
#include "core/config/print_config.h"
#include "core/config/write_yaml.h"
#include "core/protocol/json_text.h"

// The plugins of a node for the Server API. In: what each was made of, and what is counted of it,
// on the loop of the API. Out: a list. Secrets are left out by the same rule as in --print-config.
namespace peer {
namespace {

/// Names in maps and lists of options are part of the option that holds them.
bool is_whole(const std::string& key) { return key.find_first_of(".[") == std::string::npos; }

std::string option_json(const std::string& name, const sdk::PluginOption* value,
                        const sdk::PluginConfig::Known* known) {
  std::string json = "{\"name\":" + json_string(name);
  json.append(",\"set\":").append(value != nullptr ? "true" : "false");
  if (value != nullptr && is_secret_option(name, *value)) {
    json.append(",\"secret\":true");
  } else if (value != nullptr) {
    json.append(",\"value\":").append(json_string(to_yaml(*value)));
  }
  if (known != nullptr) {
    json.append(",\"default\":").append(json_string(known->default_value));
    json.append(",\"expected\":").append(json_string(known->expected));
  }
  return json + "}";
}

std::string options_json(const PluginRecord& record, const PluginChoice& choice) {
  std::string json;
  const auto add = [&](const std::string& name, const sdk::PluginConfig::Known* known) {
    const auto value = choice.options.find(name);
    if (!json.empty()) json.push_back(',');
    json.append(option_json(name, value == choice.options.end() ? nullptr : &value->second, known));
  };
  std::map<std::string, bool> shown;
  for (const sdk::PluginConfig::Known& known : record.options) {
    if (is_whole(known.key) && shown.emplace(known.key, true).second) add(known.key, &known);
  }
  // Maps and lists of maps, which the plugin has read part by part.
  for (const auto& [name, value] : choice.options) {
    if (!shown.contains(name)) add(name, nullptr);
  }
  return "[" + json + "]";
}

std::string counters_json(const PluginRecord& record) {
  std::string json = "{";
  for (const PluginCounter& counter : record.host.counters()) {
    if (json.size() > 1) json.push_back(',');
    json.append(json_string(counter.name)).append(":").append(std::to_string(counter.value));
  }
  return json + "}";
}

std::string plugin_json(const PluginRecord& record, const PluginChoice& choice) {
  const PluginInfo& info = record.info;
  std::string json = "{\"kind\":" + json_string(info.kind);
  json.append(",\"name\":").append(json_string(info.name));
  json.append(",\"as\":").append(json_string(info.label));
  json.append(",\"version\":").append(json_string(info.version));
  json.append(",\"file\":").append(json_string(info.file));
  json.append(",\"namespaces\":[");
  for (const std::string& pattern : info.namespaces) {
    if (json.back() != '[') json.push_back(',');
    append_json_string(json, pattern);
  }
  const PluginCallCounts counts = record.calls.counts();
  json.append("],\"options\":").append(options_json(record, choice));
  json.append(",\"calls\":").append(std::to_string(counts.calls));
  json.append(",\"errors\":").append(std::to_string(counts.errors));
  json.append(",\"slow\":").append(std::to_string(counts.slow));
  return json + ",\"counters\":" + counters_json(record) + "}";
}

}  // namespace

std::string plugins_json(const Node& node) {
  std::string json = "[";
  std::map<std::string, std::size_t> seen;  // of each kind
  node.plugins.each([&](const PluginRecord& record) {
    const auto kind =
        std::find_if(kPluginKinds.begin(), kPluginKinds.end(),
                     [&](const PluginKind& known) { return record.info.kind == known.name; });
    const std::vector<PluginChoice>& choices = node.config().plugins.*kind->choices;
    const std::size_t index = seen[record.info.kind]++;
    if (json.size() > 1) json.push_back(',');
    json.append(plugin_json(record, choices[index]));
  });
  return json + "]";
}

}  // namespace peer
