#include "core/admin/bans_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "core/base/plain_file.h"
#include "core/config/read_text.h"
#include "core/protocol/json_text.h"
#include "core/protocol/json_value.h"

// The list of bans as a text, in a file or on its way to another node. In: bans. Out: JSON, and
// from JSON bans whose targets have been checked.
namespace peer {
namespace {

constexpr std::size_t kLargestFile = 256 * 1024 * 1024;
constexpr std::size_t kMostDepth = 8;
constexpr double kLatest = 9e15;  // integers up to here are exact

std::optional<std::int64_t> time_in(const sdk::Value& ban, const char* name) {
  const sdk::Value* value = ban.find(name);
  const double* number = value == nullptr ? nullptr : value->as_number();
  if (number == nullptr || !(*number >= 0 && *number <= kLatest)) return std::nullopt;
  return static_cast<std::int64_t>(*number);
}

std::optional<Ban> read_ban(const sdk::Value& value) {
  const sdk::Value* target = value.find("target");
  const std::string* text = target == nullptr ? nullptr : target->as_string();
  const auto parsed = text == nullptr ? std::nullopt : parse_ban_target(*text);
  const auto changed_at = time_in(value, "changed_at");
  const auto ends_at = time_in(value, "ends_at");
  if (!parsed || !changed_at || !ends_at) return std::nullopt;
  Ban ban{to_text(*parsed), *changed_at, *ends_at, {}};
  const sdk::Value* reason = value.find("reason");
  if (reason != nullptr && reason->as_string() != nullptr) ban.reason = *reason->as_string();
  return ban;
}

sdk::Error failed(const std::string& path, const char* what) {
  return sdk::Error{"'" + path + "' " + what + ": " + std::generic_category().message(errno)};
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::fsync(fd) == 0;
}

}  // namespace

std::string bans_to_json(const std::vector<Ban>& bans) {
  std::string json = "{\"bans\":[";
  for (const Ban& ban : bans) {
    if (json.back() != '[') json.push_back(',');
    json.append("\n{\"target\":").append(json_string(ban.target));
    json.append(",\"changed_at\":").append(std::to_string(ban.changed_at));
    json.append(",\"ends_at\":").append(std::to_string(ban.ends_at));
    if (!ban.reason.empty()) json.append(",\"reason\":").append(json_string(ban.reason));
    json.append("}");
  }
  return json + "]}\n";
}

sdk::Result<std::vector<Ban>> parse_bans(const std::string& json) {
  sdk::Value root;
  if (!is_valid_json(json) || parse_json_value(json, kMostDepth, root) != ValueFault::kNone) {
    return sdk::Error{"is no JSON"};
  }
  const sdk::Value* list = root.find("bans");
  if (list == nullptr || list->as_list() == nullptr) return sdk::Error{"has no list 'bans'"};
  std::vector<Ban> bans;
  for (const sdk::Value& value : *list->as_list()) {
    auto ban = read_ban(value);
    if (!ban) {
      return sdk::Error{"ban " + std::to_string(bans.size() + 1) +
                        ": expected target, changed_at and ends_at"};
    }
    bans.push_back(std::move(*ban));
  }
  return bans;
}

sdk::Result<std::vector<Ban>> read_bans_file(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error) && !error) return std::vector<Ban>();
  const auto text = read_file(path, kLargestFile);
  if (!text) return sdk::Error{"'" + path + "' " + text.error().message};
  auto bans = parse_bans(*text);
  if (!bans) {
    return sdk::Error{"'" + path + "' " + bans.error().message + "; repair it or move it away"};
  }
  return bans;
}

sdk::Result<void> write_bans_file(const std::string& path, const std::vector<Ban>& bans) {
  const std::string temporary = path + ".new";
  const auto fd = open_plain_file(temporary, O_WRONLY | O_CREAT | O_TRUNC, Devices::kRefused, 0600);
  if (!fd) return sdk::Error{fd.error().message};
  const bool written = write_all(*fd, bans_to_json(bans));
  const bool closed = ::close(*fd) == 0;
  if (!written || !closed) return failed(temporary, "cannot be written");
  if (std::rename(temporary.c_str(), path.c_str()) != 0) return failed(path, "cannot be replaced");
  return {};
}

}  // namespace peer
