peer_add_test(unit_broker_redis
  SOURCES
    broker_redis/address_choice_test.cc
    broker_redis/envelope_test.cc
    broker_redis/event_loop_test.cc
    broker_redis/failure_text_test.cc
    broker_redis/guide_messages_test.cc
    broker_redis/mirror_test.cc
    broker_redis/outcomes_test.cc
    broker_redis/resp_test.cc
    ${PROJECT_SOURCE_DIR}/plugins/broker_redis/address_choice.cc
    ${PROJECT_SOURCE_DIR}/plugins/broker_redis/event_loop.cc
    ${PROJECT_SOURCE_DIR}/plugins/broker_redis/failure_text.cc
    ${PROJECT_SOURCE_DIR}/plugins/broker_redis/mirror.cc
    ${PROJECT_SOURCE_DIR}/plugins/broker_redis/outcomes.cc
  LIBRARIES broker_redis_codec Threads::Threads
  LABELS fast)
