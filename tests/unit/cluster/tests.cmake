peer_add_test(unit_cluster
  SOURCES cluster/ask_test.cc
  LIBRARIES peer_cluster peer_net peer_test_support
  LABELS fast threads)
