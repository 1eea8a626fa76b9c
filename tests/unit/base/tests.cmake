peer_add_test(unit_base
  SOURCES
    base/address_test.cc
    base/cpu_count_test.cc
    base/digest_test.cc
    base/fingerprint_test.cc
    base/first_few_test.cc
    base/lean_text_test.cc
    base/origin_test.cc
    base/plain_file_test.cc
    base/random_test.cc
    base/soon_test.cc
    base/password_hash_test.cc
    base/spare_nodes_test.cc
    base/turn_credential_test.cc
    base/unique_task_test.cc
    base/utf8_test.cc
  LIBRARIES peer_base peer_test_support
  LABELS fast)
