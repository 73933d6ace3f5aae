# The installed package: find_package(xfsbus).
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
install(EXPORT xfsbusTargets NAMESPACE xfsbus:: DESTINATION "${XFSBUS_CMAKE_DIR}")
