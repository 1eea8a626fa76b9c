peer_add_test(unit_broker_kit
  SOURCES
    plugins/broker_kit/announcements_test.cc
    plugins/broker_kit/cluster_view_test.cc
    plugins/broker_kit/envelope_test.cc
    plugins/broker_kit/event_loop_test.cc
    plugins/broker_kit/mirror_test.cc
    plugins/broker_kit/outcomes_test.cc
    plugins/broker_kit/router_test.cc
    plugins/broker_kit/shared_state_test.cc
  LIBRARIES broker_kit
  LABELS fast)
