# peer_add_plugin(<kind>_<name> SOURCES file... [LIBRARIES library...] [DIRECTORY folder])
#
# Builds one plugin, <kind>_<name>.so, on the SDK's headers only. It lands in
# lib/peer-server/plugins of the build tree, and `cmake --install` puts it there under the prefix:
# with the server's own prefix, beside the server's other plugins.
# Without a build type it is optimised all the same (-O2): CMake's own default is not.
# DIRECTORY: lands in that folder instead, and is not installed.
if(NOT DEFINED PEER_PLUGIN_DIR)
  set(PEER_PLUGIN_DIR lib/peer-server/plugins)
endif()

function(peer_add_plugin name)
  cmake_parse_arguments(PARSE_ARGV 1 PLUGIN "" "DIRECTORY" "SOURCES;LIBRARIES")
  add_library(${name} MODULE ${PLUGIN_SOURCES})
  target_link_libraries(${name} PRIVATE PeerServerSdk::sdk ${PLUGIN_LIBRARIES})
  target_compile_features(${name} PRIVATE cxx_std_20)
  set_target_properties(${name} PROPERTIES
    PREFIX ""
    SUFFIX .so
    CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON)
  get_property(has_configurations GLOBAL PROPERTY GENERATOR_IS_MULTI_CONFIG)
  if(NOT CMAKE_BUILD_TYPE AND NOT has_configurations AND NOT CMAKE_CXX_FLAGS MATCHES "-O")
    target_compile_options(${name} PRIVATE -O2)
  endif()
  # clang's sanitizer runtimes are resolved by the server that loads the plugin.
  if(NOT PEER_SANITIZE)
    target_link_options(${name} PRIVATE -Wl,--no-undefined)
  endif()
  if(PLUGIN_DIRECTORY)
    set_target_properties(${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${PLUGIN_DIRECTORY})
  else()
    set_target_properties(${name} PROPERTIES
      LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/${PEER_PLUGIN_DIR})
    install(TARGETS ${name} LIBRARY DESTINATION ${PEER_PLUGIN_DIR})
  endif()
endfunction()
