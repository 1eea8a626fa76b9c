peer_add_fuzzer(websocket_reader
  SOURCES fuzz_websocket_reader.cc
  LIBRARIES peer_net_websocket)

peer_add_fuzzer(deflate
  SOURCES fuzz_deflate.cc
  LIBRARIES peer_net_websocket)

peer_add_fuzzer(http_head
  SOURCES fuzz_http_head.cc
  LIBRARIES peer_net)

peer_add_fuzzer(forwarded
  SOURCES fuzz_forwarded.cc
  LIBRARIES peer_net)

peer_add_fuzzer(proxy_protocol
  SOURCES fuzz_proxy_protocol.cc
  LIBRARIES peer_net)
