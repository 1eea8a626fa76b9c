peer_add_test(unit_base
  SOURCES
    base/address_test.cc
    base/fingerprint_test.cc
    base/origin_test.cc
    base/random_test.cc
    base/utf8_test.cc
  LIBRARIES peer_base
  LABELS fast)
