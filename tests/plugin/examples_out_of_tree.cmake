# Installs the build BUILD into a prefix below WORK, then builds and installs EXAMPLES against it.
file(REMOVE_RECURSE ${WORK})
set(prefix ${WORK}/prefix)

function(run)
  execute_process(COMMAND ${CMAKE_COMMAND} ${ARGN} OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
endfunction()

run(--install ${BUILD} --prefix ${prefix})
run(-S ${EXAMPLES} -B ${WORK}/build -DCMAKE_PREFIX_PATH=${prefix}
    -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_CXX_FLAGS=-Wall\ -Wextra\ -Wpedantic\ -Werror)
run(--build ${WORK}/build)
run(--install ${WORK}/build --prefix ${prefix})

foreach(plugin auth_open broker_local match_criteria room_standard
               auth_key broker_counting match_fifo room_secret)
  if(NOT EXISTS ${prefix}/lib/peer-server/plugins/${plugin}.so)
    message(FATAL_ERROR "${plugin}.so was not installed")
  endif()
endforeach()
