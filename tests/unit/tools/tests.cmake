peer_add_test(unit_tools
  SOURCES
    tools/faults_are_found_test.cc
    tools/faulty_relay.cc
    tools/parts_test.cc
  LIBRARIES peer_bench peer_protocol peer_test_support
  LABELS fast)
target_compile_definitions(unit_tools PRIVATE PEER_BENCH="$<TARGET_FILE:peer-bench>")
add_dependencies(unit_tools peer-bench)

peer_add_test(unit_match_sim
  SOURCES tools/match_sim_test.cc
  LIBRARIES match_sim
  LABELS fast)
