peer_add_test(unit_http_url
  SOURCES plugins/http_url/http_url_test.cc
  LIBRARIES plugin_http_url
  LABELS fast)
