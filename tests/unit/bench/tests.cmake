peer_add_test(unit_bench
  SOURCES
    bench/faults_are_found_test.cc
    bench/faulty_relay.cc
    bench/parts_test.cc
  LIBRARIES peer_bench peer_test_support
  LABELS fast)
target_compile_definitions(unit_bench PRIVATE PEER_BENCH="$<TARGET_FILE:peer-bench>")
add_dependencies(unit_bench peer-bench)
