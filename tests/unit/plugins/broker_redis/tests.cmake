peer_add_test(unit_broker_redis
  SOURCES
    plugins/broker_redis/address_choice_test.cc
    plugins/broker_redis/client_text_test.cc
    plugins/broker_redis/commands_test.cc
    plugins/broker_redis/failure_text_test.cc
    plugins/broker_redis/guide_messages_test.cc
    plugins/broker_redis/key_check_test.cc
    plugins/broker_redis/late_copies_test.cc
    plugins/broker_redis/master_test.cc
    plugins/broker_redis/part_choice_test.cc
    plugins/broker_redis/redis_url_test.cc
    plugins/broker_redis/resolver_test.cc
    plugins/broker_redis/resp_test.cc
    plugins/broker_redis/scripts_test.cc
    plugins/broker_redis/turns_test.cc
    ${PROJECT_SOURCE_DIR}/plugins/broker_redis/address_choice.cc
    ${PROJECT_SOURCE_DIR}/plugins/broker_redis/commands.cc
    ${PROJECT_SOURCE_DIR}/plugins/broker_redis/connection.cc
    ${PROJECT_SOURCE_DIR}/plugins/broker_redis/failure_text.cc
    ${PROJECT_SOURCE_DIR}/plugins/broker_redis/late_copies.cc
    ${PROJECT_SOURCE_DIR}/plugins/broker_redis/master.cc
    ${PROJECT_SOURCE_DIR}/plugins/broker_redis/resolver.cc
    ${PROJECT_SOURCE_DIR}/plugins/broker_redis/tls_client.cc
    ${PROJECT_SOURCE_DIR}/plugins/broker_redis/turns.cc
    ${PROJECT_BINARY_DIR}/plugins/broker_redis/script_texts.cc
  LIBRARIES broker_redis_codec peer_test_support OpenSSL::SSL
  LABELS fast)
