peer_add_test(unit_net
  SOURCES
    net/backpressure_test.cc
    net/certificate_test.cc
    net/closing_test.cc
    net/event_loop_test.cc
    net/keepalive_test.cc
    net/listener_test.cc
    net/mailbox_test.cc
    net/operation_test.cc
    net/proxy_protocol_test.cc
    net/send_queue_test.cc
    net/send_ring_test.cc
    net/stop_test.cc
  LIBRARIES peer_net peer_test_support
  LABELS fast threads)

# The same of loops that send by io_uring, where the kernel has it.
add_test(NAME unit_net_io_uring COMMAND unit_net --gtest_brief=1)
set_tests_properties(unit_net_io_uring PROPERTIES
  LABELS fast TIMEOUT 600 ENVIRONMENT PEER_TEST_IO_URING=1)

peer_add_test(unit_http_post
  SOURCES net/http_post_test.cc
  LIBRARIES peer_net peer_test_support Poco::NetSSL Poco::Net Poco::Foundation
  LABELS fast)
