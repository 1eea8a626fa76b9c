peer_add_test(unit_dialect_peerjs
  SOURCES
    plugins/dialect_peerjs/messages_test.cc
    plugins/dialect_peerjs/options_test.cc
    plugins/dialect_peerjs/peerjs_dialect_test.cc
    plugins/dialect_peerjs/peerjs_session_test.cc
  LIBRARIES dialect_peerjs_core peer_protocol
  LABELS fast)
