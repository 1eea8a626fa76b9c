# cpack -G DEB in a build tree with the prefix /usr (the preset `package`): peer-server_<version>_<arch>.deb
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME peer-server)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "peer-server maintainers <peer-server@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "WebRTC signaling, discovery, relay and matchmaking server")
set(CPACK_PACKAGE_DESCRIPTION
"Peers register over WebSocket, find each other, exchange messages, and meet in
rooms and matches. Made of plugins; many nodes work as one with Redis.
The headers for plugins of one's own are included.")
set(CPACK_SET_DESTDIR ON)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS adduser)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "redis-server, nginx | haproxy")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
foreach(file conffiles postinst prerm postrm)
  list(APPEND CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${CMAKE_CURRENT_LIST_DIR}/${file})
endforeach()
include(CPack)

install(FILES ${PROJECT_SOURCE_DIR}/config/systemd/peer-server.service
  ${PROJECT_SOURCE_DIR}/config/systemd/peer-server.socket
  DESTINATION lib/systemd/system)
