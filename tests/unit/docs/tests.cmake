peer_add_test(unit_docs
  SOURCES docs/protocol_examples_test.cc docs/protocol_schema_test.cc
  LIBRARIES peer_protocol peer_test_support Poco::JSON Poco::Foundation
  LABELS fast)
set_source_files_properties(docs/protocol_examples_test.cc PROPERTIES
  COMPILE_DEFINITIONS PEER_DOCS_DIR="${PROJECT_SOURCE_DIR}/docs")
