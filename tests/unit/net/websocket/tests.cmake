peer_add_test(unit_net_websocket
  SOURCES
    net/websocket/deflate_test.cc
    net/websocket/frame_compressor_test.cc
    net/websocket/frame_memory_test.cc
    net/websocket/frame_test.cc
    net/websocket/permessage_deflate_test.cc
    net/websocket/subprotocols_test.cc
    net/websocket/websocket_codec_test.cc
    net/websocket/websocket_reader_deflate_test.cc
    net/websocket/websocket_reader_skip_test.cc
    net/websocket/websocket_reader_split_test.cc
    net/websocket/websocket_reader_test.cc
  LIBRARIES peer_net_websocket peer_test_support ZLIB::ZLIB
  LABELS fast)
