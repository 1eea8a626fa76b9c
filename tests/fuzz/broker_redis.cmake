peer_add_fuzzer(broker_redis
  SOURCES fuzz_broker_redis.cc
  LIBRARIES broker_redis_codec peer_protocol)
