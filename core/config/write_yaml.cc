#include "core/config/write_yaml.h"

#include <array>
#include <charconv>
#include <variant>

#include <peer/sdk/duration.h>

// In: values of keys, of each type that a key may have. Out: the text that YAML reads back as the
// same value, on one line. Pure; any thread.
namespace peer {
namespace {

std::string write_integer(std::int64_t value) { return std::to_string(value); }

/// The shortest text of that number which is not an integer's.
std::string write_number(double value) {
  std::array<char, 32> buffer{};
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  std::string text(buffer.data(), end);
  return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}

}  // namespace

std::string to_yaml(bool value) { return value ? "true" : "false"; }

std::string to_yaml(const std::string& value) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      // Written as it is it would end the line, or be refused when it is read back (text_bytes.h).
      out += "\\x";
      out += kHex[byte >> 4U];
      out += kHex[byte & 15U];
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string to_yaml(const std::vector<std::string>& value) {
  std::string out = "[";
  for (const std::string& text : value) out += (out.size() > 1 ? ", " : "") + to_yaml(text);
  return out + ']';
}

std::string to_yaml(milliseconds value) { return sdk::format_duration(value); }

std::string to_yaml(IoUring value) {
  switch (value) {
    case IoUring::kOff:
      return "off";
    case IoUring::kAuto:
      return "auto";
    case IoUring::kOn:
      return "on";
  }
  return {};
}

std::string to_yaml(StatsAccess value) {
  switch (value) {
    case StatsAccess::kPublic:
      return "public";
    case StatsAccess::kLoopback:
      return "loopback";
    case StatsAccess::kOff:
      return "\"off\"";  // which some readers of YAML take for a boolean
  }
  return {};
}

std::string to_yaml(ProxyProtocol value) {
  return value == ProxyProtocol::kRequire ? "require" : "off";
}

std::string to_yaml(ProxyHeader value) {
  switch (value) {
    case ProxyHeader::kAuto:
      return "auto";
    case ProxyHeader::kXForwardedFor:
      return "x-forwarded-for";
    case ProxyHeader::kXRealIp:
      return "x-real-ip";
    case ProxyHeader::kForwarded:
      return "forwarded";
    case ProxyHeader::kProxyProtocol:
      return "proxy_protocol";
  }
  return {};
}

std::string to_yaml(const sdk::PluginConfig::Option& value) {
  struct Writer {
    std::string operator()(bool flag) const { return to_yaml(flag); }
    std::string operator()(std::int64_t integer) const { return write_integer(integer); }
    std::string operator()(double number) const { return write_number(number); }
    std::string operator()(const std::string& text) const { return to_yaml(text); }
    std::string operator()(const std::vector<std::string>& list) const { return to_yaml(list); }
    std::string operator()(const sdk::PluginOptionMaps& maps) const {
      std::string out;
      for (const sdk::PluginOptionMap& map : maps.maps) {
        out += (out.empty() ? "" : ", ") + write_map(map);
      }
      return maps.is_list ? "[" + out + "]" : out;
    }
    static std::string write_map(const sdk::PluginOptionMap& map) {
      std::string out = "{";
      for (const auto& [key, option] : map.options) {
        out += (out.size() > 1 ? ", " : "") + to_yaml(key) + ": " + to_yaml(option);
      }
      return out + "}";
    }
  };
  return std::visit(Writer{}, value);
}

}  // namespace peer
