peer_add_fuzzer(auth
  SOURCES fuzz_auth.cc
  LIBRARIES auth_jwt_core auth_keyproof_core)
