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

IssuedCertificate::IssuedCertificate(const Options& options) {
  const std::string key = " -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes ";
  const std::string names = options.with_names ? "subjectAltName=DNS:localhost" : "";
  const std::string commands =
      "cd '" + dir_.path().string() + "' && exec >/dev/null 2>&1 && " +
      "echo basicConstraints=CA:TRUE > ca.ext && echo '" + names + "' > leaf.ext && " +
      "openssl req -x509" + key +
      "-days 365 -subj /CN=TestRoot -keyout root.key -out root.pem && " + "openssl req" + key +
      "-subj /CN=TestIssuer -keyout issuer.key -out issuer.csr && " +
      "openssl x509 -req -in issuer.csr -CA root.pem -CAkey root.key -CAcreateserial -days 365 " +
      "-extfile ca.ext -out issuer.pem && " + "openssl req" + key +
      "-subj /CN=localhost -keyout leaf.key -out leaf.csr && " +
      "openssl x509 -req -in leaf.csr -CA issuer.pem -CAkey issuer.key -CAcreateserial -days " +
      std::to_string(options.days) + " -extfile leaf.ext -out leaf.pem && " + "cat leaf.pem " +
      (options.with_intermediate ? "issuer.pem " : "") + "> cert.pem";
  if (std::system(commands.c_str()) != 0) throw std::runtime_error("openssl failed");
}

}  // namespace peer::test
