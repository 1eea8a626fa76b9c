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

/// A certificate for localhost that an intermediate authority has issued, made by openssl.
class IssuedCertificate {
 public:
  struct Options {
    int days = 90;                  ///< that it is valid for; negative: it has ended
    bool with_intermediate = true;  ///< the file holds the intermediate's certificate too
    bool with_names = true;         ///< it has a subjectAltName
  };

  explicit IssuedCertificate(const Options& options);

  std::string certificate() const { return dir_.path() / "cert.pem"; }
  std::string key() const { return dir_.path() / "leaf.key"; }

 private:
  TempDir dir_;
};

}  // namespace peer::test
