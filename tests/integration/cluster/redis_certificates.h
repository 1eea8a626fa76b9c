#pragma once

#include <string>
#include <string_view>

#include "tests/support/temp_dir.h"

namespace peer::test {

/// An authority and what it has issued, made by openssl: files in PEM.
class RedisCertificates {
 public:
  RedisCertificates();

  std::string ca() const { return dir_.path() / "ca.pem"; }
  /// Issues `name`, or issues it anew: a certificate with these alternative names, for two
  /// days or until yesterday.
  void issue(const std::string& name, std::string_view names, bool has_ended = false);
  std::string certificate(const std::string& name) const { return dir_.path() / (name + ".pem"); }
  std::string key(const std::string& name) const { return dir_.path() / (name + ".key"); }

 private:
  void run(const std::string& commands) const;

  TempDir dir_;
};

}  // namespace peer::test
