# find_package(PeerServerSdk 1): the target PeerServerSdk::sdk and peer_add_plugin().
include(${CMAKE_CURRENT_LIST_DIR}/PeerServerSdkTargets.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/PeerAddPlugin.cmake)
