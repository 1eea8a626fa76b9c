#include "tools/ws-echo/echo_application.h"

namespace peer::ws_echo {

std::string EchoApplication::on_http(const HttpRequest&, bool) {
  return render_response(error_response(405));
}

void EchoApplication::on_open(Connection&, HttpRequest&&) {}

void EchoApplication::on_message(Connection& connection, std::string_view text) {
  // reply() and not send(): what does not fit must not be dropped.
  connection.reply(text_frame(text));
}

void EchoApplication::on_binary(Connection& connection, std::string_view bytes) {
  connection.reply(FrameBuilder(bytes.size()).append(bytes).finish(Opcode::kBinary));
}

void EchoApplication::on_deadline(Connection&) {}

void EchoApplication::on_close(Connection&) {}

}  // namespace peer::ws_echo
