peer_add_test(unit_net_http
  SOURCES
    net/http/client_address_test.cc
    net/http/forwarded_test.cc
    net/http/http_request_test.cc
    net/http/http_response_test.cc
  LIBRARIES peer_net_http peer_test_support
  LABELS fast)
