# cmake -DNM=nm -DPLUGINS=DIRECTORY -P check_exports.cmake
file(GLOB plugins "${PLUGINS}/*.so")
if(NOT plugins)
  message(FATAL_ERROR "no plug-in in ${PLUGINS}")
endif()
foreach(plugin IN LISTS plugins)
  execute_process(COMMAND "${NM}" -D --defined-only --format=just-symbols "${plugin}"
                  OUTPUT_VARIABLE exported OUTPUT_STRIP_TRAILING_WHITESPACE
                  COMMAND_ERROR_IS_FATAL ANY)
  if(NOT exported STREQUAL "xfsbus_policy_descriptor")
    message(SEND_ERROR "${plugin} exports:\n${exported}")
  endif()
endforeach()
