# find_package(PeerServerSdk 1): the target PeerServerSdk::sdk, peer_add_plugin() and peer_add_plugin_test().
include(${CMAKE_CURRENT_LIST_DIR}/PeerServerSdkTargets.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/PeerAddPlugin.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/PeerAddPluginTest.cmake)
