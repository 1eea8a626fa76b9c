#include "core/session/call.h"

#include "core/base/log.h"
#include "core/session/replies.h"

namespace peer {

void Call::error(int code, std::string_view text) const {
  reply_error(session, message.type, message.id, code, text);
}

void Call::ack(std::uint32_t delivered, std::uint32_t dropped) const {
  reply_ack(session, message.id, delivered, dropped);
}

void note_limit(const Call& call, const std::string& limit) {
  log_notice("a peer's messages are answered 429 \"rate limited\" (" + limit + ")",
             {{"peer", to_hex(call.session.fingerprint)}, {"address", call.session.address()}});
}

}  // namespace peer
