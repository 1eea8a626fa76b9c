peer_add_test(unit_limit
  SOURCES
    limit/admission_test.cc
    limit/bans_test.cc
    limit/health_reserve_test.cc
    limit/kept_budget_test.cc
    limit/left_buckets_test.cc
    limit/refusals_test.cc
    limit/token_bucket_test.cc
  LIBRARIES peer_limit peer_test_support
  LABELS fast)
