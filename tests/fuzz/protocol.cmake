peer_add_fuzzer(message
  SOURCES fuzz_message.cc
  LIBRARIES peer_protocol)

peer_add_fuzzer(json
  SOURCES fuzz_json.cc
  LIBRARIES peer_protocol simdjson::simdjson)
