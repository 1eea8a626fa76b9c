peer_add_test(unit_room
  SOURCES room/passwords_test.cc room/room_rules_test.cc
  LIBRARIES peer_room
  LABELS fast)
