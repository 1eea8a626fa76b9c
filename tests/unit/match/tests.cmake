peer_add_test(unit_match
  SOURCES
    match/match_messages_test.cc
    match/matchmaker_expiry_test.cc
    match/matchmaker_faults_test.cc
    match/matchmaker_properties_test.cc
    match/matchmaker_teams_test.cc
    match/matchmaker_test.cc
    match/matchmaker_threads_test.cc
    match/own_tickets_test.cc
    match/shared_queues_test.cc
  LIBRARIES peer_match
  LABELS fast threads)
