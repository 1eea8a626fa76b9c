peer_add_test(unit_net
  SOURCES
    net/http_request_test.cc
    net/http_response_test.cc
    net/utf8_test.cc
    net/websocket_codec_test.cc
    net/websocket_reader_split_test.cc
    net/websocket_reader_test.cc
  LIBRARIES peer_websocket peer_http
  LABELS fast)
