#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include "core/net/connection.h"
#include "core/net/event_loop.h"
#include "core/net/proxy_protocol.h"

// What comes before TLS and HTTP where proxy_protocol is required. TLS reads the socket itself, so
// that nothing behind the header may be taken from it: the header is looked at first, and then
// taken by its length.
namespace peer {
namespace {

constexpr milliseconds kHeaderTime{1'000};

}  // namespace

void Connection::expect_proxy_header() {
  proxy_header_due_ = true;
  own_deadline_ = loop_->now() + kHeaderTime;
}

void Connection::refuse_proxy(const char* why) const {
  if (loop_->admission_ == nullptr) return;
  loop_->admission_->refusals().note(Refusal::kProxyProtocol, address_, why, loop_->now());
}

bool Connection::take_proxy_header() {
  using Status = ProxyHeaderRead::Status;
  std::array<char, kMaxProxyHeader> bytes;
  const std::size_t kept = input_ == nullptr ? 0 : input_->size();
  if (input_ != nullptr) std::copy(input_->begin(), input_->end(), bytes.begin());
  char* const next = bytes.data() + kept;
  const ssize_t seen = ::recv(fd_, next, bytes.size() - kept, MSG_PEEK | MSG_DONTWAIT);
  if (seen < 0) return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
  const std::size_t size = kept + static_cast<std::size_t>(seen);
  const ProxyHeaderRead header = read_proxy_header({bytes.data(), size});
  if (size == 0) return false;  // a probe that only connects
  if (seen == 0 || header.status == Status::kInvalid) {
    refuse_proxy(kNoProxyHeader);
    return false;
  }
  // An incomplete header is taken too: what lies in the socket would wake the loop for ever.
  const bool complete = header.status == Status::kComplete;
  const std::size_t used = complete ? header.size : size;
  if (::recv(fd_, next, used - kept, MSG_DONTWAIT) != static_cast<ssize_t>(used - kept)) {
    return false;
  }
  loop_->stats_.received_bytes.add(used - kept);
  if (complete) return use_proxy_header(header.client);
  input_ = std::make_unique<std::vector<std::uint8_t>>(bytes.begin(), bytes.begin() + used);
  return true;
}

bool Connection::use_proxy_header(const std::optional<Address>& client) {
  input_.reset();
  proxy_header_due_ = false;
  if (!in_reserve()) own_deadline_ = head_deadline();
  loop_->update_deadline(*this);
  Admission* admission = loop_->admission_;
  if (!client || admission == nullptr) return true;
  if (!admission->is_proxy(address_)) {
    refuse_proxy(kUnknownProxy);
    return false;
  }
  http_state().proxy = address_;
  address_ = *client;
  const Refusal refusal = admit({address_, true});
  if (refusal != Refusal::kNone) admission->note_refused(refusal, address_, loop_->now());
  return refusal == Refusal::kNone;
}

}  // namespace peer
