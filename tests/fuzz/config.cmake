peer_add_fuzzer(config
  SOURCES fuzz_config.cc
  LIBRARIES peer_config)
