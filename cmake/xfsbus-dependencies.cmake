# Every third-party package, found in one place; the differences between distributions
# end here. Also installed, and read by xfsbusConfig.cmake: static libraries name what they
# link with, so a user of the package needs the same targets.
include(CMakeFindDependencyMacro)
find_dependency(Threads)
find_dependency(cppzmq CONFIG)
find_dependency(SQLite3)
find_dependency(PkgConfig)

# Botan 2 or 3: the hash that is built in, and the integrity plug-ins.
pkg_search_module(BOTAN REQUIRED IMPORTED_TARGET botan-3 botan-2)

if(NOT XFSBUS_INSTALLED)

  # msgpack-cxx: header-only and private to bus/. The package's name moved with 5.0 and 6.0.
  find_path(XFSBUS_MSGPACK_INCLUDE msgpack.hpp REQUIRED)
  add_library(xfsbus_msgpack INTERFACE)
  target_include_directories(xfsbus_msgpack SYSTEM INTERFACE "${XFSBUS_MSGPACK_INCLUDE}")
  target_compile_definitions(xfsbus_msgpack INTERFACE MSGPACK_NO_BOOST)

  # Boost.DLL, private to the policy host, and the flat tables of Boost.Container, of the engine:
  # header-only.
  find_path(XFSBUS_BOOST_INCLUDE boost/dll/shared_library.hpp REQUIRED)
  add_library(xfsbus_boost_container INTERFACE)
  target_include_directories(xfsbus_boost_container SYSTEM INTERFACE "${XFSBUS_BOOST_INCLUDE}")
  add_library(xfsbus_boost_dll INTERFACE)
  target_include_directories(xfsbus_boost_dll SYSTEM INTERFACE "${XFSBUS_BOOST_INCLUDE}")
  target_compile_definitions(xfsbus_boost_dll INTERFACE BOOST_DLL_USE_STD_FS)

  include(xfsbus-blake3)

  # The programs' own: command line, logging, JSON, line editing. JSON is header-only and private
  # to a peer's trace, too.
  find_package(CLI11 CONFIG REQUIRED)
  find_package(spdlog CONFIG REQUIRED)
  find_package(fmt CONFIG REQUIRED)
  find_package(nlohmann_json CONFIG REQUIRED)
  pkg_check_modules(LIBEDIT REQUIRED IMPORTED_TARGET libedit)

  # toml++: header-only here, and private to the lab's experiments.
  find_path(XFSBUS_TOML_INCLUDE toml++/toml.h REQUIRED)
  add_library(xfsbus_toml INTERFACE)
  target_include_directories(xfsbus_toml SYSTEM INTERFACE "${XFSBUS_TOML_INCLUDE}")
  target_compile_definitions(xfsbus_toml INTERFACE TOML_EXCEPTIONS=0 TOML_ENABLE_FORMATTERS=0)

  # tinyxml2: private to the lab's platforms.
  pkg_check_modules(TINYXML2 REQUIRED IMPORTED_TARGET tinyxml2)
endif()
