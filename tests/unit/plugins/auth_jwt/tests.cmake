peer_add_test(unit_auth_jwt
  SOURCES
    plugins/auth_jwt/claims_test.cc
    plugins/auth_jwt/fetch_schedule_test.cc
    plugins/auth_jwt/jwks_fetch_test.cc
    plugins/auth_jwt/key_loader_test.cc
    plugins/auth_jwt/key_set_test.cc
    plugins/auth_jwt/options_test.cc
    plugins/auth_jwt/token_source_test.cc
    plugins/auth_jwt/token_test.cc
    ${PROJECT_SOURCE_DIR}/plugins/auth_jwt/jwks_fetch.cc
    ${PROJECT_SOURCE_DIR}/plugins/auth_jwt/key_loader.cc
    ${PROJECT_SOURCE_DIR}/plugins/auth_jwt/name_lookup.cc
    ${PROJECT_SOURCE_DIR}/plugins/auth_jwt/options.cc
    ${PROJECT_SOURCE_DIR}/plugins/auth_jwt/watched_file.cc
  LIBRARIES auth_jwt_core plugin_http_url peer_test_tokens peer_test_support Poco::NetSSL Poco::Net Threads::Threads
  LABELS fast)

# What a token costs; the script `token_cost` beside it counts the instructions.
add_executable(token_cost
  plugins/auth_jwt/token_cost.cc
  ${PROJECT_SOURCE_DIR}/plugins/auth_jwt/jwks_fetch.cc
  ${PROJECT_SOURCE_DIR}/plugins/auth_jwt/jwt_auth.cc
  ${PROJECT_SOURCE_DIR}/plugins/auth_jwt/key_loader.cc
  ${PROJECT_SOURCE_DIR}/plugins/auth_jwt/name_lookup.cc
  ${PROJECT_SOURCE_DIR}/plugins/auth_jwt/watched_file.cc)
target_link_libraries(token_cost PRIVATE auth_jwt_core plugin_http_url peer_test_tokens peer_test_support
  Poco::NetSSL Poco::Net Threads::Threads)
target_compile_options(token_cost PRIVATE -O2)  # as the plugin is built; tests are not
add_test(NAME token_cost_runs COMMAND token_cost ES256 token 10)
set_tests_properties(token_cost_runs PROPERTIES LABELS integration)
