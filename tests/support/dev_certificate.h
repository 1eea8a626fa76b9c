#pragma once

#include <string>
#include <vector>

#include "tests/support/temp_dir.h"

namespace peer::test {

/// A self-signed certificate of its own, made by tools/dev-cert.
class DevCertificate {
 public:
  DevCertificate();

  std::string certificate() const { return dir_.path() / "cert.pem"; }
  std::string key() const { return dir_.path() / "key.pem"; }
  /// The settings of a server that uses it, and `more`.
  std::vector<std::string> settings(std::vector<std::string> more = {}) const;

 private:
  TempDir dir_;
};

}  // namespace peer::test
