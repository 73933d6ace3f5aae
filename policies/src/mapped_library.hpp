#pragma once

#include "library_file.hpp"

#include <boost/dll/shared_library.hpp>

#include <cstddef>

namespace xfsbus::policies {

/// The most builds of plug-ins that one program loads, as none is ever unloaded.
inline constexpr std::size_t max_mapped_libraries = 1000;

/// Maps a library and keeps it mapped for ever: objects, strings, thread-local destructors and
/// unique symbols of it may be in use somewhere, and nothing could tell. Equal bytes are mapped
/// once; a plug-in that was built again is another library, whatever its file is called.
///
/// What is mapped is a copy in memory that nobody can change, so that what is done to the file
/// afterwards is not done to code that runs. Its constructors run. Throws PluginRefused. Any
/// thread, one at a time.
[[nodiscard]] boost::dll::shared_library const& keep_mapped(LibraryFile const& file);

}  // namespace xfsbus::policies
