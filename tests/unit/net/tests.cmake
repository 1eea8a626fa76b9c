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
    net/stop_test.cc
  LIBRARIES peer_net peer_test_support
  LABELS fast threads)

peer_add_test(unit_http_post
  SOURCES net/http_post_test.cc
  LIBRARIES peer_net peer_test_support Poco::NetSSL Poco::Net Poco::Foundation
  LABELS fast)
