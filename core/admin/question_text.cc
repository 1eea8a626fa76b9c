#include "core/admin/question_text.h"

#include <limits>
#include <utility>

#include "core/base/packed_bytes.h"
#include "core/base/utf8.h"
#include "core/protocol/json_text.h"

namespace peer {
namespace {

constexpr std::uint64_t kMostEntries = 1'024;
constexpr std::uint64_t kMostNames = 1'000;

bool is_text(std::string_view bytes) {
  return is_valid_utf8(bytes) && bytes.find('\0') == std::string_view::npos;
}

/// It goes into an answer as it is: a value, members of an object, or nothing.
bool is_part_of_json(std::string_view json) {
  if (json.empty()) return true;
  return is_valid_json(json) || is_valid_json("{" + std::string(json) + "}");
}

}  // namespace

std::string packed(const NodeQuestion& question) {
  PackedWriter writer;
  writer.number(static_cast<std::uint64_t>(question.kind)).text(question.name).text(question.after);
  writer.text(question.search)
      .number(question.limit)
      .number(question.code)
      .text(question.reason)
      .text(question.payload);
  writer.number(question.exclude.size());
  for (const std::string& name : question.exclude) writer.text(name);
  return writer.take();
}

std::string packed(const NodeAnswer& answer) {
  PackedWriter writer;
  writer.number(answer.found ? 1 : 0).number(answer.delivered).number(answer.dropped);
  writer.number(answer.more ? 1 : 0).number(answer.entries.size());
  for (const NodeEntry& entry : answer.entries) {
    writer.text(entry.key).number(entry.count).text(entry.json);
  }
  return writer.take();
}

std::optional<NodeQuestion> read_question(std::string_view text) {
  PackedReader reader(text);
  NodeQuestion question;
  const std::uint64_t kind = reader.number();
  question.name = reader.text();
  question.after = reader.text();
  question.search = reader.text();
  const std::uint64_t limit = reader.number();
  const std::uint64_t code = reader.number();
  question.reason = reader.text();
  question.payload = reader.text();
  const std::uint64_t names = reader.count();
  if (!reader.good() || names > kMostNames || limit > kMostEntries) return std::nullopt;
  if (kind > static_cast<std::uint64_t>(NodeQuestion::Kind::kLiftBan)) return std::nullopt;
  for (std::uint64_t i = 0; i < names; ++i) question.exclude.emplace_back(reader.text());
  if (!reader.good() || !is_text(question.name) || !is_text(question.reason) ||
      !is_text(question.search) || !is_text(question.after)) {
    return std::nullopt;
  }
  if (!question.payload.empty() && !is_valid_json(question.payload)) return std::nullopt;
  question.kind = static_cast<NodeQuestion::Kind>(kind);
  const bool closes = question.kind == NodeQuestion::Kind::kClose;
  if (closes && (code < 4000 || code > 4999 || question.reason.size() > 123)) return std::nullopt;
  question.limit = static_cast<std::uint32_t>(limit);
  question.code = closes ? static_cast<std::uint16_t>(code) : std::uint16_t{0};
  return question;
}

std::optional<NodeAnswer> read_answer(std::string_view text) {
  PackedReader reader(text);
  NodeAnswer answer;
  answer.found = reader.number() == 1;
  answer.delivered = reader.number();
  answer.dropped = reader.number();
  answer.more = reader.number() == 1;
  const std::uint64_t entries = reader.count();
  if (!reader.good() || entries > kMostEntries) return std::nullopt;
  for (std::uint64_t i = 0; i < entries; ++i) {
    NodeEntry entry;
    entry.key = reader.text();
    entry.count = reader.number();
    entry.json = reader.text();
    if (!is_text(entry.key) || !is_part_of_json(entry.json)) return std::nullopt;
    answer.entries.push_back(std::move(entry));
  }
  if (!reader.good()) return std::nullopt;
  return answer;
}

}  // namespace peer
