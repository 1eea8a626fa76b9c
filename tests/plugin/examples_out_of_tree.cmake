# Installs the build BUILD into a prefix below WORK, then builds and installs the examples that were
# installed with it, and lets the installed server load them. Then does what the installed
# sdk/README.md says, with OTHER_COMPILER.
file(REMOVE_RECURSE ${WORK})
set(prefix ${WORK}/prefix)

function(run)
  execute_process(COMMAND ${CMAKE_COMMAND} ${ARGN} OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
endfunction()

run(--install ${BUILD} --prefix ${prefix})
set(sdk ${prefix}/share/doc/peer-server/sdk)
run(-S ${sdk}/examples -B ${WORK}/build -DCMAKE_PREFIX_PATH=${prefix}
    -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_EXPORT_COMPILE_COMMANDS=ON -DCMAKE_CXX_FLAGS=-Wall\ -Wextra\ -Wpedantic\ -Werror)
file(READ ${WORK}/build/compile_commands.json commands)
if(NOT commands MATCHES " -O2 ")
  message(FATAL_ERROR "a plugin without a build type is not optimised\n${commands}")
endif()
run(--build ${WORK}/build)
run(--install ${WORK}/build --prefix ${prefix})

foreach(plugin auth_open broker_local match_criteria match_skill dialect_peerjs dialect_y_webrtc room_managed room_standard
               auth_key broker_counting dialect_lines match_fifo room_secret)
  if(NOT EXISTS ${prefix}/lib/peer-server/plugins/${plugin}.so)
    message(FATAL_ERROR "${plugin}.so was not installed")
  endif()
endforeach()

set(server ${prefix}/bin/peer-server)
file(WRITE ${WORK}/examples.yaml "plugins:
  broker: {name: counting}
  match_strategy: {name: fifo}
  room_policy: {name: secret}
  auth: {name: key, options: {keys: [sesame]}}
  dialects: [{name: lines}]
")
execute_process(COMMAND ${server} --config ${WORK}/examples.yaml --check-config
  COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${server} --config ${WORK}/examples.yaml --list-plugins
  OUTPUT_VARIABLE listed COMMAND_ERROR_IS_FATAL ANY)
foreach(plugin "broker counting" "match_strategy fifo" "room_policy secret" "auth key" "dialect lines")
  if(NOT listed MATCHES "${plugin} 1.0.0 ${prefix}/lib/peer-server/plugins/[a-z_]+.so .configured.")
    message(FATAL_ERROR "not listed as configured: ${plugin}\n${listed}")
  endif()
endforeach()

execute_process(COMMAND ${CMAKE_CURRENT_LIST_DIR}/sdk_readme ${sdk}/README.md ${prefix}
  ${OTHER_COMPILER} ${WORK}/readme COMMAND_ERROR_IS_FATAL ANY)
