peer_add_test(unit_protocol
  SOURCES
    protocol/automatic_alias_test.cc
    protocol/events_test.cc
    protocol/json_grammar_test.cc
    protocol/json_text_test.cc
    protocol/json_value_test.cc
    protocol/message_property_test.cc
    protocol/message_test.cc
    protocol/meta_test.cc
    protocol/requests_test.cc
  LIBRARIES peer_protocol simdjson::simdjson
  LABELS fast)
