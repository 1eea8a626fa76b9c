#include "core/net/certificate_watch.h"

namespace peer {

std::vector<std::string> CertificateWatch::look(const TlsContext::Ref& tls,
                                                std::chrono::sys_seconds now) {
  constexpr std::chrono::hours kInterval{24};
  if (tls == nullptr || (tls == seen_ && now < next_)) return {};
  seen_ = tls;
  next_ = now + kInterval;
  std::vector<std::string> lines = certificate_warnings(tls->certificate(), now);
  for (std::string& line : lines) {
    line.insert(0, "tls_cert: the certificate in '" + tls->certificate_file() + "': ");
  }
  return lines;
}

std::chrono::sys_seconds calendar_now() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

}  // namespace peer
