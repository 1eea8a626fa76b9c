#include "core/config/read_text.h"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace peer {
namespace {

std::string reason(int error) { return std::generic_category().message(error); }

}  // namespace

ConfigTree read_text(std::string_view text, std::string_view name) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.size() > kMaxConfigSize) return SyntaxError{1, "larger than 1 MiB"};
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return ConfigNode{};
  return name.ends_with(".json") || text[first] == '{' ? read_json(text) : read_yaml(text);
}

sdk::Result<std::string> read_file(const std::string& path, std::size_t max_size) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    return sdk::Error{"expected a file, got a directory"};
  }
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return sdk::Error{"cannot be opened: " + reason(errno)};
  std::string content(max_size + 1, '\0');
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  if (file.bad()) return sdk::Error{"cannot be read: " + reason(errno)};
  content.resize(static_cast<std::size_t>(file.gcount()));
  if (content.size() > max_size) {
    return sdk::Error{"larger than " + std::to_string(max_size / 1024) + " KiB"};
  }
  return content;
}

}  // namespace peer
