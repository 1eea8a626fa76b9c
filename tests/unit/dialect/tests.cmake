peer_add_test(unit_dialect
  SOURCES dialect/dialect_test.cc
  LIBRARIES peer_test_node
  LABELS fast threads)
