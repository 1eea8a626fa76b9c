peer_add_test(unit_keys
  SOURCES
    plugins/keys/base64_test.cc
    plugins/keys/digest_test.cc
    plugins/keys/json_object_test.cc
    plugins/keys/jwk_test.cc
    plugins/keys/public_key_test.cc
    plugins/keys/verify_key_test.cc
  LIBRARIES plugin_keys peer_test_tokens
  LABELS fast)
