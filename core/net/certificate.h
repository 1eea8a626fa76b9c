#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <peer/sdk/result.h>

struct x509_st;
struct stack_st_X509;

namespace peer {

/// The facts of a server's certificate that an operator should know. A plain value.
struct CertificateFacts {
  std::chrono::sys_seconds begins{};
  std::chrono::sys_seconds ends{};
  /// The name of the issuer that clients may not know: its certificate is neither in the file nor
  /// among the roots that this machine trusts. Empty if nothing is missing.
  std::string missing_issuer;
  bool has_names = false;  ///< a subjectAltName, without which browsers refuse it
};

/// `chain`: what stands behind the certificate in its file; may be null. Reads the trusted roots of
/// the machine: main thread.
[[nodiscard]] CertificateFacts facts_of(const x509_st& certificate, const stack_st_X509* chain);

/// All that is wrong with it at this time, or will be within 14 days, one line each:
/// "it ends in 13 days, at 2026-05-04 03:02:01 UTC; renew it, and send SIGHUP".
[[nodiscard]] std::vector<std::string> certificate_warnings(const CertificateFacts& facts,
                                                            std::chrono::sys_seconds now);

}  // namespace peer
