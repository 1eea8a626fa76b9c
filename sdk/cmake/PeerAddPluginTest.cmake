# peer_add_plugin_test(<name> PLUGIN <kind>_<name> SOURCES file... [LIBRARIES library...])
#
# Builds a test of a plugin that peer_add_plugin() has made, and adds it to ctest. It runs without a server: the
# contract of the plugin's kind (peer/sdk/contract/<kind>_contract.h) is linked in, with GoogleTest and its main().
# PEER_PLUGIN_DIR is the folder with the plugin, as a string.
# PLUGIN: one of this project; its kind, which stands before the first '_', says which contract it is.
# Where the contracts' sources are: beside this file where they are installed, in sdk/contract before.
foreach(folder ${CMAKE_CURRENT_LIST_DIR}/contract ${CMAKE_CURRENT_LIST_DIR}/../contract)
  if(EXISTS ${folder}/src)
    set(PEER_CONTRACT_SOURCES ${folder} CACHE INTERNAL "Sources of the contracts of plugins")
    break()
  endif()
endforeach()

# The contract of a kind as the target peer_contract_<kind>, compiled when it is first wanted: with the flags, and the
# GoogleTest, of the tests that it is linked into.
function(peer_contract_library name)
  if(TARGET peer_contract_${name})
    return()
  endif()
  list(TRANSFORM ARGN PREPEND ${PEER_CONTRACT_SOURCES}/src/)
  add_library(peer_contract_${name} OBJECT ${ARGN})
  target_include_directories(peer_contract_${name}
    PUBLIC ${PEER_CONTRACT_SOURCES}/include PRIVATE ${PEER_CONTRACT_SOURCES}/src)
  target_link_libraries(peer_contract_${name}
    PUBLIC PeerServerSdk::sdk GTest::gtest Threads::Threads ${CMAKE_DL_LIBS})
  target_compile_features(peer_contract_${name} PUBLIC cxx_std_20)
  set_target_properties(peer_contract_${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 0)
endfunction()

# peer_link_contracts(<target> <kind>...): the contracts of these kinds, as files are named, and what all have in common.
function(peer_link_contracts target)
  find_package(GTest REQUIRED)
  find_package(Threads REQUIRED)
  set(auth auth_contract.cc doorway.cc)
  set(broker
    broker_contract.cc broker_node.cc shared_broker_contract.cc shared_sessions_contract.cc two_nodes.cc)
  set(dialect dialect_contract.cc foreign_client.cc)
  set(match match_strategy_contract.cc waiting_room.cc)
  set(room room_play.cc room_policy_contract.cc)
  peer_contract_library(common
    hostile.cc json_text.cc plugin_contract.cc process.cc protocol_types.cc test_host.cc)
  target_link_libraries(${target} PRIVATE peer_contract_common)
  foreach(kind IN LISTS ARGN)
    if(NOT ${kind})
      message(FATAL_ERROR "no contract of the kind '${kind}'; a plugin is named auth_..., broker_..., dialect_..., match_... or room_...")
    endif()
    peer_contract_library(${kind} ${${kind}})
    target_link_libraries(${target} PRIVATE peer_contract_${kind})
  endforeach()
endfunction()

function(peer_add_plugin_test name)
  cmake_parse_arguments(PARSE_ARGV 1 TEST "" "PLUGIN" "SOURCES;LIBRARIES")
  string(REGEX REPLACE "_.*" "" kind "${TEST_PLUGIN}")
  add_executable(${name} ${TEST_SOURCES})
  peer_link_contracts(${name} ${kind})
  target_link_libraries(${name} PRIVATE ${TEST_LIBRARIES} GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE PEER_PLUGIN_DIR="$<TARGET_FILE_DIR:${TEST_PLUGIN}>")
  add_dependencies(${name} ${TEST_PLUGIN})
  add_test(NAME ${name} COMMAND ${name})
endfunction()
