peer_add_test(unit_config
  SOURCES
    config/admin_tokens_test.cc
    config/webhooks_test.cc
    config/command_line_test.cc
    config/docs_test.cc
    config/environment_test.cc
    config/ice_servers_test.cc
    config/keys_test.cc
    config/load_config_test.cc
    config/nearest_test.cc
    config/plugin_lists_test.cc
    config/plugins_test.cc
    config/print_config_test.cc
    config/read_text_test.cc
    config/sample_files_test.cc
    config/yaml_faults_test.cc
  LIBRARIES peer_config
  LABELS fast)
target_compile_definitions(unit_config PRIVATE PEER_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
