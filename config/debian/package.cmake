# cpack -G DEB in a build tree with the prefix /usr (the preset `package`): peer-server_<version>_<arch>.deb
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME peer-server)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "peer-server maintainers <peer-server@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "WebRTC signaling, discovery, relay and matchmaking server")
set(CPACK_PACKAGE_DESCRIPTION
"Peers register over WebSocket, find each other, exchange messages, and meet in
rooms and matches. Made of plugins; many nodes work as one with Redis.
What plugins of one's own are written and tested with is included.")
set(CPACK_SET_DESTDIR ON)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS adduser)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS openssl)  # peer-token, peer-dev-cert, peer-make-secrets
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "redis-server, nginx | haproxy, coturn, cmake, g++, libgtest-dev")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
foreach(file conffiles postinst prerm postrm)
  list(APPEND CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${CMAKE_CURRENT_LIST_DIR}/${file})
endforeach()
include(CPack)

# The sample of all keys, but on loopback: what a package starts is not open to the network before somebody says so.
set(sample ${PROJECT_SOURCE_DIR}/config/peer-server.yaml)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${sample})
file(READ ${sample} text)
string(REGEX REPLACE "\nhost: 0\\.0\\.0\\.0 [^\n]*"
"
# The Debian package starts on loopback, until you say otherwise: let a proxy on this machine pass
# clients on (docs/proxies.md), or write 0.0.0.0 or \"::\" here and restart.
host: 127.0.0.1           # address or name, without the port; \"::\" takes IPv6 and IPv4"
  packaged "${text}")
if(packaged STREQUAL text)
  message(FATAL_ERROR "${sample} has no `host: 0.0.0.0` that the package could replace")
endif()
file(WRITE ${PROJECT_BINARY_DIR}/debian/peer-server.yaml "${packaged}")
install(FILES ${PROJECT_BINARY_DIR}/debian/peer-server.yaml
  DESTINATION ${CMAKE_INSTALL_SYSCONFDIR}/peer-server)

install(FILES ${PROJECT_SOURCE_DIR}/config/systemd/peer-server.service
  ${PROJECT_SOURCE_DIR}/config/systemd/peer-server.socket
  DESTINATION lib/systemd/system)
