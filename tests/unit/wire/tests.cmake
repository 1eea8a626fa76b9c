peer_add_test(unit_wire
  SOURCES wire/ice_servers_test.cc wire/notices_test.cc
  LIBRARIES peer_wire
  LABELS fast)
