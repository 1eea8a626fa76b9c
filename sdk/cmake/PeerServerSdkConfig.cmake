include(${CMAKE_CURRENT_LIST_DIR}/PeerServerSdkTargets.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/PeerAddPlugin.cmake)
