peer_add_test(unit_match
  SOURCES
    match/match_messages_test.cc
    match/matchmaker_expiry_test.cc
    match/matchmaker_faults_test.cc
    match/matchmaker_properties_test.cc
    match/matchmaker_test.cc
    match/matchmaker_threads_test.cc
  LIBRARIES peer_match
  LABELS fast)
