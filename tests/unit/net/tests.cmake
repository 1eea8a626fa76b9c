peer_add_test(unit_net
  SOURCES
    net/admission_test.cc
    net/certificate_test.cc
    net/client_address_test.cc
    net/deflate_test.cc
    net/forwarded_test.cc
    net/frame_compressor_test.cc
    net/health_reserve_test.cc
    net/http_request_test.cc
    net/http_response_test.cc
    net/permessage_deflate_test.cc
    net/proxy_protocol_test.cc
    net/refusals_test.cc
    net/subprotocols_test.cc
    net/websocket_codec_test.cc
    net/websocket_reader_deflate_test.cc
    net/websocket_reader_skip_test.cc
    net/websocket_reader_split_test.cc
    net/websocket_reader_test.cc
  LIBRARIES peer_net peer_websocket peer_http peer_test_support ZLIB::ZLIB
  LABELS fast)
