peer_add_test(unit_limit
  SOURCES
    limit/rate_limiter_test.cc
    limit/token_bucket_test.cc
  LIBRARIES peer_limit
  LABELS fast threads)
