#include "core/net/certificate.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <ctime>
#include <memory>

// The facts of a certificate that an operator should know, on the main thread. In: a certificate
// and its chain, as TlsContext has loaded them, and the roots that this machine trusts. Out: facts,
// read once, and from the facts, at any time, the warnings that hold then. Nothing is refused here:
// a server whose certificate has expired starts and serves. The issuer is only looked up; no
// signature and no name of a host is verified.
namespace peer {
namespace {

using std::chrono::sys_seconds;

struct Free {
  void operator()(X509_STORE* store) const { X509_STORE_free(store); }
  void operator()(X509_STORE_CTX* context) const { X509_STORE_CTX_free(context); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};

sys_seconds time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return sys_seconds(std::chrono::seconds(::timegm(&parts)));
}

std::string text_of(sys_seconds time) {
  const std::time_t seconds = time.time_since_epoch().count();
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%F %T UTC", &parts);
  return {text.data(), size};
}

/// The common name, or the whole name in one line. It comes from a file and goes to the log, so it
/// is made printable.
std::string name_of(const X509_NAME* name) {
  std::array<char, 200> text{};
  if (X509_NAME_get_text_by_NID(name, NID_commonName, text.data(), text.size()) <= 0) {
    X509_NAME_oneline(name, text.data(), text.size());
  }
  std::string printable(text.data());
  for (char& c : printable) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
  return printable;
}

bool is_in(const STACK_OF(X509) * chain, const X509_NAME* subject) {
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    if (X509_NAME_cmp(X509_get_subject_name(sk_X509_value(chain, i)), subject) == 0) return true;
  }
  return false;
}

bool is_trusted_here(const X509& certificate) {
  const std::unique_ptr<X509_STORE, Free> store(X509_STORE_new());
  const std::unique_ptr<X509_STORE_CTX, Free> context(X509_STORE_CTX_new());
  if (store == nullptr || context == nullptr) return false;
  X509_STORE_set_default_paths(store.get());
  X509* const subject = const_cast<X509*>(&certificate);  // OpenSSL's functions take no const
  if (X509_STORE_CTX_init(context.get(), store.get(), subject, nullptr) != 1) return false;
  X509* found = nullptr;
  const bool trusted = X509_STORE_CTX_get1_issuer(&found, context.get(), subject) == 1;
  const std::unique_ptr<X509, Free> issuer(found);
  return trusted;
}

}  // namespace

CertificateFacts facts_of(const x509_st& certificate, const stack_st_X509* chain) {
  CertificateFacts facts;
  facts.begins = time_of(X509_get0_notBefore(&certificate));
  facts.ends = time_of(X509_get0_notAfter(&certificate));
  const X509_NAME* const issuer = X509_get_issuer_name(&certificate);
  const bool self_signed = X509_NAME_cmp(X509_get_subject_name(&certificate), issuer) == 0;
  if (!self_signed && !is_in(chain, issuer) && !is_trusted_here(certificate)) {
    facts.missing_issuer = name_of(issuer);
  }
  const std::unique_ptr<GENERAL_NAMES, Free> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)));
  facts.has_names = names != nullptr;
  ERR_clear_error();
  return facts;
}

std::vector<std::string> certificate_warnings(const CertificateFacts& facts, sys_seconds now) {
  using std::chrono::days;
  constexpr days kSoon{14};
  const std::string renew = text_of(facts.ends) + "; renew it, and send SIGHUP";
  std::vector<std::string> warnings;
  if (facts.ends <= now) {
    warnings.push_back("it has expired, at " + renew);
  } else if (facts.ends - now <= kSoon) {
    const auto left = std::chrono::floor<days>(facts.ends - now).count();
    warnings.push_back("it ends in " + std::to_string(left) + (left == 1 ? " day" : " days") +
                       ", at " + renew);
  }
  if (facts.begins > now) {
    warnings.push_back("it is not valid before " + text_of(facts.begins) +
                       "; check the clock of this machine");
  }
  if (!facts.missing_issuer.empty()) {
    warnings.push_back("its chain is missing: clients may not know its issuer '" +
                       facts.missing_issuer + "'; append the issuer's certificate to the file");
  }
  if (!facts.has_names) {
    warnings.emplace_back("it has no subjectAltName: browsers refuse it; issue it for a name");
  }
  return warnings;
}

}  // namespace peer
