peer_add_test(unit_loop
  SOURCES
    loop/ask_test.cc
    loop/backpressure_test.cc
    loop/closing_test.cc
    loop/event_loop_test.cc
    loop/frame_test.cc
    loop/keepalive_test.cc
    loop/listener_test.cc
    loop/mailbox_test.cc
    loop/operation_test.cc
    loop/send_queue_test.cc
    loop/stop_test.cc
  LIBRARIES peer_net peer_cluster peer_test_support
  LABELS fast threads)
