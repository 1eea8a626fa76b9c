peer_add_fuzzer(match_skill
  SOURCES fuzz_match_skill.cc ${PROJECT_SOURCE_DIR}/tests/unit/plugins/match_skill/reference.cc
  LIBRARIES match_skill_core)
