#include "core/net/tls.h"

#include <Poco/Exception.h>
#include <Poco/Net/Context.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <new>
#include <string_view>

#include "core/base/plain_file.h"

// TLS on the loops' own sockets: POCO makes the context, OpenSSL does the rest. In: PEM files, on
// the main thread (TlsContext); records of one socket, on its loop (TlsStream). Out: decrypted
// bytes, or errors in words for an operator. Two rules hold this together. OpenSSL has one error
// queue for each thread, and a thread has many connections: the queue is emptied before each call
// that is judged by it. And SSL_read() is not called again after a connection has ended: the stream
// remembers what to say (`end_`).
namespace peer {
namespace {

// X25519 first: the cheapest for both sides.
constexpr char kGroups[] = "X25519:P-256:P-384";
constexpr char kCiphersOfTls12[] = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr std::string_view kProtocol = "http/1.1";

// An encrypted key is refused: nobody is there to be asked for the passphrase.
int no_passphrase(char*, int, int, void*) { return -1; }

// RFC 7301: a client that offers only other protocols is answered without one, and may go on or
// not.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* length,
                    const unsigned char* offered, unsigned int size, void*) {
  const std::string_view offers(reinterpret_cast<const char*>(offered), size);
  for (std::size_t at = 0; at < offers.size();) {
    const auto name_length = static_cast<unsigned char>(offers[at]);
    if (offers.substr(at + 1, name_length) == kProtocol) {
      *chosen = offered + at + 1;
      *length = name_length;
      return SSL_TLSEXT_ERR_OK;
    }
    at += 1U + name_length;
  }
  return SSL_TLSEXT_ERR_NOACK;
}

// A client that ends TCP without close_notify has ended, too: that is no error
// (SSL_OP_IGNORE_UNEXPECTED_EOF).
void set_options(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF);
  // OpenSSL frees its buffers while they are empty, because most connections are idle. Bytes
  // that are offered again after a short write may lie elsewhere: SendQueue gathers them anew.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // tickets keep nothing here
  SSL_CTX_set1_groups_list(context, kGroups);
  SSL_CTX_set_default_passwd_cb(context, no_passphrase);
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
}

// "no start line", say.
std::string openssl_reason() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return reason != nullptr ? reason : "unknown error";
}

sdk::Result<void> check_readable(const char* key, const std::string& file) {
  if (const std::string wrong = wrong_kind_of_file(file, Devices::kRefused); !wrong.empty()) {
    return sdk::Error{std::string(key) + ": " + wrong};
  }
  const std::ifstream in(file);
  if (in) return {};
  return sdk::Error{std::string(key) + ": cannot read '" + file + "': " + std::strerror(errno)};
}

sdk::Result<void> use_files(SSL_CTX* context, const std::string& certificate,
                            const std::string& key) {
  if (const auto readable = check_readable("tls_cert", certificate); !readable) return readable;
  if (const auto readable = check_readable("tls_key", key); !readable) return readable;
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1) {
    return sdk::Error{"tls_cert: no usable certificate in '" + certificate +
                      "': " + openssl_reason() + "; expected PEM, the server's own first"};
  }
  // A key that does not match is refused here or below, depending on its type.
  const bool usable = SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) == 1;
  const bool mismatch = ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH ||
                        ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_TYPE_MISMATCH;
  if (!usable && !mismatch) {
    return sdk::Error{"tls_key: no usable key in '" + key + "': " + openssl_reason() +
                      "; expected PEM without a passphrase"};
  }
  if (mismatch || SSL_CTX_check_private_key(context) != 1) {
    ERR_clear_error();
    return sdk::Error{"tls_key: the key in '" + key + "' does not match the certificate in '" +
                      certificate + "'"};
  }
  return {};
}

}  // namespace

struct TlsContext::Implementation {
  Poco::Net::Context::Ptr context;
};

TlsContext::TlsContext(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}

TlsContext::~TlsContext() = default;

sdk::Result<TlsContext::Ref> TlsContext::load(const std::string& certificate_file,
                                              const std::string& key_file) {
  using Poco::Net::Context;
  try {
    Context::Params params;
    params.verificationMode = Context::VERIFY_NONE;  // clients have no certificates
    params.cipherList = kCiphersOfTls12;
    auto implementation = std::make_unique<Implementation>();
    implementation->context = new Context(Context::TLS_SERVER_USE, params);
    SSL_CTX* const context = implementation->context->sslContext();
    set_options(context);
    const sdk::Result<void> used = use_files(context, certificate_file, key_file);
    if (!used) return used.error();
    STACK_OF(X509)* chain = nullptr;
    SSL_CTX_get0_chain_certs(context, &chain);
    const std::shared_ptr<TlsContext> loaded(new TlsContext(std::move(implementation)));
    loaded->certificate_ = facts_of(*SSL_CTX_get0_certificate(context), chain);
    loaded->certificate_file_ = certificate_file;
    return Ref(loaded);
  } catch (const Poco::Exception& failure) {
    return sdk::Error{"cannot set up TLS: " + failure.displayText()};
  }
}

void TlsStream::Free::operator()(ssl_st* ssl) const { SSL_free(ssl); }

TlsStream::TlsStream(const TlsContext& context, int fd)
    : ssl_(SSL_new(context.implementation_->context->sslContext())) {
  if (ssl_ == nullptr || SSL_set_fd(ssl_.get(), fd) != 1) throw std::bad_alloc();
  SSL_set_accept_state(ssl_.get());
}

ssize_t TlsStream::read(std::span<std::uint8_t> buffer) {
  std::size_t size = 0;
  ssize_t received = 0;
  do {
    received = read_record(buffer.subspan(size));
    if (received > 0) size += static_cast<std::size_t>(received);
  } while (received > 0 && size + 2 * kTlsRecord <= buffer.size());
  return size > 0 ? static_cast<ssize_t>(size) : received;
}

std::uint64_t TlsStream::bytes_read() const { return BIO_number_read(SSL_get_rbio(ssl_.get())); }

// All that a record holds fits: nothing of it is left in the stream.
ssize_t TlsStream::read_record(std::span<std::uint8_t> buffer) {
  read_wants_write_ = false;
  if (ended_) {
    errno = EPROTO;
    return end_;
  }
  ERR_clear_error();  // a stale error would be taken for this connection's
  const int result = SSL_read(ssl_.get(), buffer.data(), static_cast<int>(kTlsRecord));
  return result > 0 ? result : outcome(result);
}

ssize_t TlsStream::write(std::span<const std::uint8_t> bytes) {
  ERR_clear_error();
  const int result = SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
  if (result > 0) return result;
  const int error = SSL_get_error(ssl_.get(), result);
  errno = error == SSL_ERROR_WANT_WRITE || error == SSL_ERROR_WANT_READ ? EAGAIN : EPROTO;
  return -1;
}

// What a read without bytes means.
ssize_t TlsStream::outcome(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_WRITE:
      read_wants_write_ = true;
      [[fallthrough]];
    case SSL_ERROR_WANT_READ:
      errno = EAGAIN;
      return -1;
    case SSL_ERROR_ZERO_RETURN:
      ended_ = true;
      end_ = 0;
      return end_;
    default:
      met_plain_http_ = ERR_GET_REASON(ERR_peek_error()) == SSL_R_HTTP_REQUEST;
      ERR_clear_error();
      ended_ = true;
      end_ = -1;
      errno = EPROTO;
      return end_;
  }
}

void TlsStream::shut_down() {
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

}  // namespace peer
