peer_add_test(unit_process
  SOURCES process/prepare_test.cc
  LIBRARIES peer_process
  LABELS fast)
