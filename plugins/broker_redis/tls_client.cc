#include "tls_client.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <new>
#include <utility>

// TLS between two memory buffers. In: bytes of the network, and what is to be said. Out: bytes for
// the network, and what the server says. OpenSSL never sees the socket, so nothing here can block.
// Its error queue belongs to the thread and not to the connection, so it is emptied before each
// call whose error is asked for.
namespace peer_redis {
namespace {

struct FreeContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using Context = std::unique_ptr<SSL_CTX, FreeContext>;

struct MadeContext {
  Context context;
  std::optional<TlsClient::Wrong> wrong;
};

// An encrypted key is refused: nobody is there to be asked for the passphrase.
int refuse_passphrase(char*, int, int, void*) { return -1; }

/// What is wrong, in OpenSSL's words: "no start line", say.
std::string tls_reason() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return reason != nullptr ? reason : "unknown error";
}

std::string unusable(std::string_view what, const std::string& file) {
  return std::string(what) + " in PEM; '" + file + "': " + tls_reason();
}

MadeContext make_context(const TlsOptions& options) {
  ERR_clear_error();
  MadeContext made{Context(SSL_CTX_new(TLS_client_method())), std::nullopt};
  SSL_CTX* const context = made.context.get();
  if (context == nullptr) throw std::bad_alloc();
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  // SSL_OP_IGNORE_UNEXPECTED_EOF: replies have lengths, so an end without a goodbye cannot be
  // mistaken for a whole reply.
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_default_passwd_cb(context, refuse_passphrase);
  const std::string& ca = options.ca_file;
  if (ca.empty()) {
    SSL_CTX_set_default_verify_paths(context);
  } else if (SSL_CTX_load_verify_file(context, ca.c_str()) != 1) {
    made.wrong = {"tls_ca_file", unusable("certificates", ca)};
  }
  if (options.cert_file.empty()) return made;
  if (SSL_CTX_use_certificate_chain_file(context, options.cert_file.c_str()) != 1) {
    made.wrong = {"tls_cert_file", unusable("a certificate", options.cert_file)};
  } else if (SSL_CTX_use_PrivateKey_file(context, options.key_file.c_str(), SSL_FILETYPE_PEM) !=
                 1 ||
             SSL_CTX_check_private_key(context) != 1) {
    made.wrong = {"tls_key_file", unusable("the key of tls_cert_file", options.key_file)};
  }
  return made;
}

bool is_numeric(const std::string& host) {
  in6_addr address;
  return inet_pton(AF_INET, host.c_str(), &address) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

}  // namespace

void TlsClient::Free::operator()(ssl_st* ssl) const { SSL_free(ssl); }

std::optional<TlsClient::Wrong> TlsClient::check(const TlsOptions& options) {
  return make_context(options).wrong;
}

TlsClient::TlsClient(const TlsOptions& options, const std::string& host) {
  const MadeContext made = make_context(options);
  if (made.wrong) {
    failure_ = "TLS: " + made.wrong->key + ": expected " + made.wrong->expected;
    return;
  }
  ssl_.reset(SSL_new(made.context.get()));  // which keeps the context
  BIO* const in = BIO_new(BIO_s_mem());
  BIO* const out = BIO_new(BIO_s_mem());
  if (ssl_ == nullptr || in == nullptr || out == nullptr) throw std::bad_alloc();
  // An empty buffer means "more may come", not the end of the connection.
  BIO_set_mem_eof_return(in, -1);
  SSL_set_bio(ssl_.get(), in, out);
  SSL_set_connect_state(ssl_.get());
  const std::string& name = options.server_name.empty() ? host : options.server_name;
  bool set = false;
  // An address is compared with the addresses of a certificate, and is sent as no server name (RFC
  // 6066 3).
  if (is_numeric(name)) {
    set = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), name.c_str()) == 1;
  } else {
    set = SSL_set1_host(ssl_.get(), name.c_str()) == 1 &&
          SSL_set_tlsext_host_name(ssl_.get(), name.c_str()) == 1;
  }
  if (!set) {
    failure_ = "TLS: no certificate can name this host";
    return;
  }
  shake_hands();
}

TlsClient::~TlsClient() = default;

bool TlsClient::is_ready() const {
  return failure_.empty() && SSL_is_init_finished(ssl_.get()) == 1;
}

bool TlsClient::shake_hands() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result != 1) fail(result);
  return failure_.empty();
}

// Only what cannot be mended by more bytes is a failure.
void TlsClient::fail(int result) {
  const int kind = SSL_get_error(ssl_.get(), result);
  if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE) return;
  if (kind == SSL_ERROR_ZERO_RETURN) {
    failure_ = "closed by Redis";
    return;
  }
  // The verdict on the certificate tells the operator more than "certificate verify failed".
  const long verdict = SSL_get_verify_result(ssl_.get());
  const std::string reason = tls_reason();
  failure_ = "TLS: " + (verdict == X509_V_OK ? reason : X509_verify_cert_error_string(verdict));
}

bool TlsClient::receive(std::string_view wire, std::string& plain) {
  if (!failure_.empty()) return false;
  if (BIO_write(SSL_get_rbio(ssl_.get()), wire.data(), static_cast<int>(wire.size())) !=
      static_cast<int>(wire.size())) {
    throw std::bad_alloc();
  }
  if (!is_ready() && !shake_hands()) return false;
  while (is_ready()) {
    char chunk[16 * 1024];
    ERR_clear_error();
    const int count = SSL_read(ssl_.get(), chunk, sizeof chunk);
    if (count > 0) {
      plain.append(chunk, static_cast<std::size_t>(count));
      continue;
    }
    fail(count);
    break;
  }
  return failure_.empty();
}

bool TlsClient::send(std::string_view plain) {
  if (!is_ready()) return false;
  ERR_clear_error();
  const int count = SSL_write(ssl_.get(), plain.data(), static_cast<int>(plain.size()));
  if (count == static_cast<int>(plain.size())) return true;
  fail(count);
  if (failure_.empty()) failure_ = "TLS: it does not take what is said";
  return false;
}

void TlsClient::take_wire(std::string& wire) {
  if (ssl_ == nullptr) return;
  BIO* const out = SSL_get_wbio(ssl_.get());
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out, &bytes);
  if (size <= 0) return;
  wire.append(bytes, static_cast<std::size_t>(size));
  (void)BIO_reset(out);
}

}  // namespace peer_redis
