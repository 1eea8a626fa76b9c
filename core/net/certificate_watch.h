#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "core/net/tls.h"

namespace peer {

/// Says what is wrong with the certificate in use: when it is first seen, and once a day from then
/// on, as long as it is wrong. One thread: the main one, which asks at the start, at each reload
/// and at every tick (core/process/serve.cc).
class CertificateWatch {
 public:
  /// The lines that are due: "tls_cert: the certificate in '/etc/cert.pem': it ends in ...". `tls`
  /// may be null. Cheap while there is nothing to do.
  [[nodiscard]] std::vector<std::string> look(const TlsContext::Ref& tls,
                                              std::chrono::sys_seconds now);

 private:
  TlsContext::Ref seen_;
  std::chrono::sys_seconds next_{};
};

/// The time by the clock of the machine, which is what certificates are written in.
[[nodiscard]] std::chrono::sys_seconds calendar_now();

}  // namespace peer
