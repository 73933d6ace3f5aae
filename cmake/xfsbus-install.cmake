# The installed package: find_package(xfsbus), or find_package(xfsbus COMPONENTS policy_api); and
# pkg-config's xfsbus and xfsbus-c.
include(CMakePackageConfigHelpers)
set(XFSBUS_CMAKE_DIR "${CMAKE_INSTALL_LIBDIR}/cmake/xfsbus")
set(XFSBUS_PLUGIN_INSTALL_DIR "${CMAKE_INSTALL_LIBDIR}/xfsbus/plugins")
configure_package_config_file(
  cmake/xfsbusConfig.cmake.in "${CMAKE_CURRENT_BINARY_DIR}/xfsbusConfig.cmake"
  INSTALL_DESTINATION "${XFSBUS_CMAKE_DIR}"
  PATH_VARS XFSBUS_PLUGIN_INSTALL_DIR)
write_basic_package_version_file("${CMAKE_CURRENT_BINARY_DIR}/xfsbusConfigVersion.cmake"
                                 COMPATIBILITY SameMajorVersion)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/xfsbusConfig.cmake"
              "${CMAKE_CURRENT_BINARY_DIR}/xfsbusConfigVersion.cmake"
              cmake/xfsbus-dependencies.cmake cmake/xfsbus-plugin.cmake
        DESTINATION "${XFSBUS_CMAKE_DIR}")

file(RELATIVE_PATH XFSBUS_PREFIX_FROM_PC "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")
foreach(module IN ITEMS xfsbus xfsbus-c)
  configure_file(cmake/${module}.pc.in "${CMAKE_CURRENT_BINARY_DIR}/${module}.pc" @ONLY)
  install(FILES "${CMAKE_CURRENT_BINARY_DIR}/${module}.pc"
          DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
endforeach()

# What is libxfsbus.so to a dynamic link is this to a static one: a word to the linker.
file(CONFIGURE OUTPUT libxfsbus.a CONTENT
     "GROUP(-lxfsbus_peer -lxfsbus_tracker -lxfsbus_tracker_core -lxfsbus_swarm -lxfsbus_bus -lxfsbus_policy_host -lxfsbus_trace -lxfsbus_files -lxfsbus_wire)\n")
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/libxfsbus.a" DESTINATION "${CMAKE_INSTALL_LIBDIR}")

foreach(set IN ITEMS xfsbusPolicyApiTargets xfsbusTargets)
  install(EXPORT ${set} NAMESPACE xfsbus:: DESTINATION "${XFSBUS_CMAKE_DIR}")
endforeach()
