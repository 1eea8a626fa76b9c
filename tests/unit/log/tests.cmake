peer_add_test(unit_log
  SOURCES
    log/line_file_test.cc
    log/line_queue_test.cc
    log/repeat_filter_test.cc
  LIBRARIES peer_log peer_test_support
  LABELS fast threads)
