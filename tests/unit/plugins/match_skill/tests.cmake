peer_add_test(unit_match_skill
  SOURCES
    plugins/match_skill/cost_test.cc
    plugins/match_skill/options_test.cc
    plugins/match_skill/properties_test.cc
    plugins/match_skill/reference.cc
    plugins/match_skill/skill_queue_test.cc
    plugins/match_skill/teams_test.cc
    plugins/match_skill/waits_test.cc
    plugins/match_skill/wish_test.cc
  LIBRARIES match_skill_core
  LABELS fast)
