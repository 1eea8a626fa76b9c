peer_add_test(unit_auth_http
  SOURCES
    plugins/auth_http/answer_test.cc
    plugins/auth_http/asker_test.cc
    plugins/auth_http/question_test.cc
    ${PROJECT_SOURCE_DIR}/plugins/auth_http/asker.cc
    ${PROJECT_SOURCE_DIR}/plugins/auth_http/transfer.cc
  LIBRARIES
    auth_http_core plugin_http_url peer_plugin peer_test_support CURL::libcurl Poco::NetSSL Poco::Net
    Threads::Threads
  LABELS fast)
# The test has a getaddrinfo() of its own, which libcurl is to find.
set_target_properties(unit_auth_http PROPERTIES ENABLE_EXPORTS ON)
