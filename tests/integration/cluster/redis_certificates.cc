#include "tests/integration/cluster/redis_certificates.h"

#include <cstdlib>
#include <stdexcept>

#include "tests/support/json.h"

namespace peer::test {
namespace {

constexpr std::string_view kNewKey = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";

}  // namespace

RedisCertificates::RedisCertificates() {
  run(fmt("openssl req -x509 % -days 2 -subj /CN=Root -keyout ca.key -out ca.pem", kNewKey));
}

// A renewed file takes the place of the old one in one step.
void RedisCertificates::issue(const std::string& name, std::string_view names, bool has_ended) {
  run(
      fmt("echo 'subjectAltName=%' > ext && "
          "openssl req % -subj /CN=% -keyout %.key -out csr && "
          "openssl x509 -req -in csr -CA ca.pem -CAkey ca.key -CAcreateserial -days % "
          "-extfile ext -out new && mv new %.pem",
          names, kNewKey, name, name, has_ended ? "-1" : "2", name));
}

void RedisCertificates::run(const std::string& commands) const {
  const std::string all =
      "cd '" + dir_.path().string() + "' && exec >openssl.log 2>&1 && " + commands;
  if (std::system(all.c_str()) != 0) {
    throw std::runtime_error("openssl: " + read_file(dir_.path() / "openssl.log"));
  }
}

}  // namespace peer::test
