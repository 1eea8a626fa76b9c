peer_add_fuzzer(message
  SOURCES fuzz_message.cc
  LIBRARIES peer_protocol)
