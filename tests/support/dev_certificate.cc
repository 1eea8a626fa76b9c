#include "tests/support/dev_certificate.h"

#include <cstdlib>
#include <stdexcept>

namespace peer::test {

DevCertificate::DevCertificate() {
  const std::string command = PEER_DEV_CERT " '" + dir_.path().string() + "' >/dev/null";
  if (std::system(command.c_str()) != 0) throw std::runtime_error("tools/dev-cert failed");
}

std::vector<std::string> DevCertificate::settings(std::vector<std::string> more) const {
  more.insert(more.end(), {"tls_cert=" + certificate(), "tls_key=" + key()});
  return more;
}

}  // namespace peer::test
