# peer_add_plugin(<kind>_<name> SOURCES file... [LIBRARIES library...])
#
# Builds one plugin, <kind>_<name>.so, on the SDK's headers only. In this project's tree it lands
# beside the server's other plugins and is installed with them.
function(peer_add_plugin name)
  cmake_parse_arguments(PARSE_ARGV 1 PLUGIN "" "" "SOURCES;LIBRARIES")
  add_library(${name} MODULE ${PLUGIN_SOURCES})
  target_link_libraries(${name} PRIVATE PeerServerSdk::sdk ${PLUGIN_LIBRARIES})
  target_compile_features(${name} PRIVATE cxx_std_20)
  set_target_properties(${name} PROPERTIES
    PREFIX ""
    CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON)
  if(NOT PEER_SANITIZE)
    target_link_options(${name} PRIVATE -Wl,--no-undefined)
  endif()
  if(DEFINED PEER_PLUGIN_DIR)
    set_target_properties(${name} PROPERTIES
      LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/${PEER_PLUGIN_DIR})
    install(TARGETS ${name} LIBRARY DESTINATION ${PEER_PLUGIN_DIR})
  endif()
endfunction()
