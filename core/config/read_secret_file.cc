#include "core/config/read_secret_file.h"

namespace peer {

sdk::Result<std::string> read_secret_file(const std::string& path, Pipes pipes) {
  constexpr std::size_t kMaxSecretSize = 65536;
  auto content = read_file(path, kMaxSecretSize, pipes);
  if (!content) return sdk::Error{"the file that it names: " + content.error().message};
  // One line end, which editors and `echo` add. More of them may be part of the secret.
  if (content->ends_with('\n')) content->pop_back();
  if (content->ends_with('\r')) content->pop_back();
  if (content->empty()) {
    return sdk::Error{"the file that it names is empty; write the secret to it, or name no file"};
  }
  return content;
}

}  // namespace peer
