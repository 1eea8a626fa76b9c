peer_add_test(unit_http
  SOURCES http/endpoints_test.cc http/process_usage_test.cc
  LIBRARIES peer_test_node
  LABELS fast threads)
