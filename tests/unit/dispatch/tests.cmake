# A node in this process, for the tests of what stands on one.
add_library(peer_test_node STATIC dispatch/names.cc dispatch/node_test.cc dispatch/test_broker.cc)
target_link_libraries(peer_test_node PUBLIC peer_test_support peer_dialect)

peer_add_test(unit_dispatch
  SOURCES
    dispatch/auth_test.cc
    dispatch/away_test.cc
    dispatch/ice_test.cc
    dispatch/matching_test.cc
    dispatch/moving_test.cc
    dispatch/namespaces_test.cc
    dispatch/other_nodes_test.cc
    dispatch/parking_test.cc
    dispatch/presence_test.cc
    dispatch/quiet_test.cc
    dispatch/registration_test.cc
    dispatch/renewal_test.cc
    dispatch/resume_test.cc
    dispatch/room_list_test.cc
    dispatch/room_orders_test.cc
    dispatch/rooms_test.cc
    dispatch/routing_test.cc
    dispatch/session_record_test.cc
    dispatch/waiting_rooms_test.cc
  LIBRARIES peer_test_node
  LABELS fast threads)
