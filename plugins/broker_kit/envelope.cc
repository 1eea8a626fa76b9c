#include "plugins/broker_kit/envelope.h"

#include <array>
#include <charconv>

// Netstrings: the length in decimal digits, a colon, the bytes, a comma. Reading is strict, since
// anybody who can write to Redis can send anything; nothing is copied, and no byte is escaped.
namespace peer_broker_kit {
namespace {

constexpr std::uint8_t kNoDigit = 0xff;

// What each byte is worth as a lower-case hex digit.
constexpr std::array<std::uint8_t, 256> kDigitValues = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNoDigit);
  for (std::uint8_t i = 0; i < 10; ++i) values['0' + i] = i;
  for (std::uint8_t i = 0; i < 6; ++i) values['a' + i] = static_cast<std::uint8_t>(10 + i);
  return values;
}();

std::uint8_t digit_of(char c) { return kDigitValues[static_cast<std::uint8_t>(c)]; }

void append_hex(std::string& out, const peer::sdk::Fingerprint& fingerprint) {
  constexpr char kDigits[] = "0123456789abcdef";
  char hex[64];
  char* next = hex;
  for (const std::uint8_t byte : fingerprint.bytes) {
    *next++ = kDigits[byte >> 4];
    *next++ = kDigits[byte & 15];
  }
  out.append(hex, sizeof hex);
}

}  // namespace

void append_field(std::string& out, std::string_view field) {
  char size[20];
  const char* end = std::to_chars(size, size + sizeof size, field.size()).ptr;
  out.append(size, static_cast<std::size_t>(end - size))
      .append(1, ':')
      .append(field)
      .append(1, ',');
}

void append_hex_field(std::string& out, const peer::sdk::Fingerprint& fingerprint) {
  out.append("64:");
  append_hex(out, fingerprint);
  out.push_back(',');
}

std::string pack(std::span<const std::string_view> fields) {
  std::size_t size = 0;
  for (const std::string_view field : fields) size += field.size() + 8;
  std::string out;
  out.reserve(size);
  for (const std::string_view field : fields) append_field(out, field);
  return out;
}

void append_head(std::string& out, char kind) {
  const char head[] = {'2', ':', kind, kMajorVersion, ','};
  out.append(head, sizeof head);
}

std::string envelope(char kind, std::initializer_list<std::string_view> fields) {
  std::size_t size = 8;
  for (const std::string_view field : fields) size += field.size() + 8;
  std::string out;
  out.reserve(size);
  append_head(out, kind);
  for (const std::string_view field : fields) append_field(out, field);
  return out;
}

std::optional<Fields> unpack(std::string_view envelope) {
  Fields fields;
  fields.reserve(8);
  while (!envelope.empty()) {
    const auto colon = envelope.substr(0, 11).find(':');
    if (colon == std::string_view::npos || fields.size() == kMaxFields) return std::nullopt;
    const auto size = to_number<std::uint32_t>(envelope.substr(0, colon));
    envelope.remove_prefix(colon + 1);
    if (!size || *size >= envelope.size() || envelope[*size] != ',') return std::nullopt;
    fields.push_back(envelope.substr(0, *size));
    envelope.remove_prefix(*size + 1);
  }
  return fields;
}

std::optional<Head> read_head(const Fields& fields) {
  const auto is_letter = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (fields.empty() || fields[0].empty() || !is_letter(fields[0][0])) return std::nullopt;
  const std::string_view head = fields[0];
  if (head.size() == 1) return Head{head[0], '0'};
  const bool is_version = (head[1] >= '1' && head[1] <= '9') || is_letter(head[1]);
  if (head.size() != 2 || !is_version) return std::nullopt;
  return Head{head[0], head[1]};
}

bool is_probe(std::string_view envelope) {
  constexpr char kHead[] = {'2', ':', 'P', kMajorVersion, ','};
  return envelope.starts_with(std::string_view(kHead, sizeof kHead));
}

std::string to_hex(const peer::sdk::Fingerprint& fingerprint) {
  std::string hex;
  hex.reserve(64);
  append_hex(hex, fingerprint);
  return hex;
}

std::optional<peer::sdk::Fingerprint> from_hex(std::string_view hex) {
  peer::sdk::Fingerprint fingerprint;
  if (hex.size() != 2 * fingerprint.bytes.size()) return std::nullopt;
  // All digits are read before one of them is judged: a page of members has thousands.
  std::uint8_t seen = 0;
  for (std::size_t i = 0; i < fingerprint.bytes.size(); ++i) {
    const std::uint8_t high = digit_of(hex[2 * i]);
    const std::uint8_t low = digit_of(hex[2 * i + 1]);
    seen = static_cast<std::uint8_t>(seen | high | low);
    fingerprint.bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  if (seen > 15) return std::nullopt;
  return fingerprint;
}

template <std::unsigned_integral Number>
std::optional<Number> to_number(std::string_view text) {
  Number number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (text.empty() || error != std::errc() || stop != end) return std::nullopt;
  return number;
}

template std::optional<std::uint64_t> to_number(std::string_view);
template std::optional<std::uint32_t> to_number(std::string_view);

}  // namespace peer_broker_kit
