#pragma once

#include "catch.hpp"

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <ios>

#include <fcntl.h>
#include <sys/stat.h>

namespace xfsbus::test {

/// Changes a byte of a file, and leaves no sign of it but the byte.
inline void corrupt(std::filesystem::path const& path, std::size_t offset) {
    struct stat before {};

    REQUIRE(::stat(path.c_str(), &before) == 0);
    {
        std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
        file.seekg(static_cast<std::streamoff>(offset));
        auto const byte = static_cast<char>(file.get() ^ 1);
        file.seekp(static_cast<std::streamoff>(offset));
        file.put(byte);
    }
    timespec const times[] = {before.st_atim, before.st_mtim};
    REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times, 0) == 0);
}

}  // namespace xfsbus::test
