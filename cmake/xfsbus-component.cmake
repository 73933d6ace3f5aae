# xfsbus_component(NAME [INTERFACE] [EXPORT SET] HEADERS ... SOURCES ... PUBLIC ... PRIVATE ...)
#
# One box of the architecture: a static library xfsbus_NAME (alias xfsbus::NAME) whose public
# headers stand in ./include. What is not linked cannot be included: that is how the direction
# of dependencies is kept. Put header-only third-party targets in $<BUILD_INTERFACE:...>. The
# installed package has the target in its set xfsbusTargets, or in SET.
function(xfsbus_component name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "INTERFACE" "EXPORT" "HEADERS;SOURCES;PUBLIC;PRIVATE")
  if(NOT arg_EXPORT)
    set(arg_EXPORT xfsbusTargets)
  endif()
  set(target xfsbus_${name})
  if(arg_INTERFACE)
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
  else()
    add_library(${target} STATIC ${arg_SOURCES})
    set(scope PUBLIC)
    xfsbus_warnings(${target})
    xfsbus_precompile(${target})
    target_include_directories(${target} PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}/src")
    target_link_libraries(${target} PRIVATE ${arg_PRIVATE})
  endif()
  add_library(xfsbus::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name} OUTPUT_NAME xfsbus_${name}
                                             VERIFY_INTERFACE_HEADER_SETS ON)
  target_compile_features(${target} ${scope} cxx_std_20)
  target_sources(${target} ${scope} FILE_SET HEADERS BASE_DIRS include FILES ${arg_HEADERS})
  target_link_libraries(${target} ${scope} ${arg_PUBLIC})
  install(
    TARGETS ${target}
    EXPORT ${arg_EXPORT}
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
    FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
endfunction()

# Has the headers that most files include, and those given, read only once for the target. A file
# still names what it uses: the build of clang-tidy goes without.
function(xfsbus_precompile target)
  target_precompile_headers(
    ${target}
    PRIVATE
    <algorithm>
    <chrono>
    <filesystem>
    <functional>
    <map>
    <memory>
    <optional>
    <span>
    <string>
    <system_error>
    <unordered_map>
    <vector>
    ${ARGN})
endfunction()

# Warnings are the same everywhere; CI makes them errors (XFSBUS_WERROR).
function(xfsbus_warnings target)
  target_compile_options(
    ${target}
    PRIVATE -Wall
            -Wextra
            -Wpedantic
            -Wconversion
            # Of sources that are compiled as one, the others' names are no shadow.
            $<$<NOT:$<BOOL:${CMAKE_UNITY_BUILD}>>:-Wshadow>
            -Wnon-virtual-dtor
            -Woverloaded-virtual
            -Wold-style-cast
            $<$<BOOL:${XFSBUS_WERROR}>:-Werror>)
endfunction()
