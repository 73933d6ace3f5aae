# xfsbus_export_only(TARGET SYMBOLS)
#
# The library exports nothing but these, as a version script names them. Hidden visibility does not
# reach what the standard library's headers instantiate; a version script does, and keeps
# STB_GNU_UNIQUE symbols of two libraries from becoming one.
function(xfsbus_export_only target symbols)
  set(exports "${CMAKE_CURRENT_BINARY_DIR}/${target}.map")
  file(CONFIGURE OUTPUT "${exports}" CONTENT "{ global: ${symbols} local: *; };\n")
  target_link_options(${target} PRIVATE "-Wl,--version-script=${exports}")
  set_target_properties(${target} PROPERTIES LINK_DEPENDS "${exports}")
endfunction()

# xfsbus_add_plugin(NAME SOURCE... [LINK target...] [ALLOW_UNDEFINED])
#
# Builds libNAME.so (target xfsbus_plugin_NAME), a policy plug-in. It sees xfsbus::policy_api (and
# what LINK names), exports nothing but its descriptor, and fails to link when a symbol is missing,
# rather than at load; ALLOW_UNDEFINED is for tests of what happens otherwise.
function(xfsbus_add_plugin name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "ALLOW_UNDEFINED" "" "LINK")
  set(target xfsbus_plugin_${name})
  add_library(${target} MODULE ${arg_UNPARSED_ARGUMENTS})
  target_link_libraries(${target} PRIVATE xfsbus::policy_api ${arg_LINK})
  if(COMMAND xfsbus_warnings)
    xfsbus_warnings(${target})
  endif()
  xfsbus_export_only(${target} "xfsbus_policy_descriptor;")
  set_target_properties(
    ${target}
    PROPERTIES OUTPUT_NAME ${name}
               PREFIX lib
               SUFFIX .so
               CXX_VISIBILITY_PRESET hidden
               VISIBILITY_INLINES_HIDDEN ON)

  # Clang's sanitizers leave their runtime to the program, so that something is always undefined.
  if(NOT arg_ALLOW_UNDEFINED
     AND NOT (CMAKE_CXX_COMPILER_ID MATCHES "Clang" AND CMAKE_CXX_FLAGS MATCHES "-fsanitize"))
    target_link_options(${target} PRIVATE -Wl,--no-undefined)
  endif()
  if(XFSBUS_PLUGIN_OUTPUT_DIRECTORY)
    set_target_properties(${target} PROPERTIES LIBRARY_OUTPUT_DIRECTORY
                                               "${XFSBUS_PLUGIN_OUTPUT_DIRECTORY}")
  endif()
endfunction()
