peer_add_fuzzer(fuzz_message
  SOURCES fuzz_message.cc
  LIBRARIES peer_protocol)
