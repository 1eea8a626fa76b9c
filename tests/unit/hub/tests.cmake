peer_add_test(unit_hub
  SOURCES
    hub/members_elsewhere_test.cc
    hub/moving_members_test.cc
    hub/namespace_directory_test.cc
    hub/namespace_directory_threads_test.cc
    hub/namespace_set_test.cc
    hub/peer_directory_test.cc
    hub/peer_directory_threads_test.cc
    hub/peer_page_test.cc
    hub/public_rooms_test.cc
    hub/resume_directory_test.cc
    hub/room_directory_test.cc
    hub/waiting_rooms_test.cc
  LIBRARIES peer_hub
  LABELS fast threads)
