peer_add_test(unit_room_managed
  SOURCES
    plugins/room_managed/managed_rooms_test.cc
    plugins/room_managed/options_test.cc
    plugins/room_managed/public_rooms_test.cc
    plugins/room_managed/room_state_test.cc
  LIBRARIES room_managed_core
  LABELS fast)
