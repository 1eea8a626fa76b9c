#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace peer::test {

/// A new directory of this test alone, removed with everything in it at the end.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// Writes a file in the directory and returns its path.
  std::string write(std::string_view name, std::string_view content) const;

 private:
  std::filesystem::path path_;
};

/// The whole file; empty when it does not exist.
std::string read_file(const std::filesystem::path& path);

}  // namespace peer::test
