peer_add_test(unit_auth_keyproof
  SOURCES plugins/auth_keyproof/proof_test.cc
  LIBRARIES auth_keyproof_core peer_test_tokens
  LABELS fast)
