#include "library_file.hpp"

#include <xfsbus/files/fd.hpp>
#include <xfsbus/files/system.hpp>
#include <xfsbus/policies/host/errors.hpp>
#include <xfsbus/policies/host/sha256.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <link.h>
#include <sys/stat.h>

namespace xfsbus::policies {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse_unreadable(fs::path const& path, int error) {
    if (error == ENOENT || error == ENOTDIR) {
        throw PluginRefused(path.string(), "there is no such file", "check the path");
    }
    throw PluginRefused(
        path.string(), "it cannot be read: " + std::generic_category().message(error),
        error == EMFILE ? "raise the limit of open files (ulimit -n)" : "check its permissions");
}

[[noreturn]] void refuse_no_library(fs::path const& path, std::string const& reason) {
    throw PluginRefused(path.string(), "not a shared library (" + reason + ")",
                        "name a plug-in, a file such as libloadlatency.so");
}

void check_kind_of_file(fs::path const& path, struct stat const& about) {
    if (!S_ISREG(about.st_mode)) {
        throw PluginRefused(path.string(), "not a regular file", "name the plug-in's own file");
    }
    if ((about.st_mode & S_IWOTH) != 0) {
        throw PluginRefused(path.string(), "anybody may write to it, so it cannot be trusted",
                            "check where it comes from, then chmod o-w it");
    }
}

/// To the end of the file, or a byte more than is allowed.
std::string read_all(fs::path const& path, int fd, std::size_t expected) {
    std::string bytes;
    bytes.resize(std::min(expected, max_library_bytes) + 1);
    std::size_t size = 0;
    while (size <= max_library_bytes) {
        if (size == bytes.size()) {
            bytes.resize(std::min(2 * size, max_library_bytes + 1));
        }
        auto const n = files::read(fd, bytes.data() + size, bytes.size() - size);
        if (n < 0 && errno != EINTR) {
            refuse_unreadable(path, errno);
        }
        if (n == 0) {
            break;
        }
        size += n > 0 ? static_cast<std::size_t>(n) : 0;
    }
    bytes.resize(size);
    return bytes;
}

std::string read_file(fs::path const& path) {
    // O_NONBLOCK: a FIFO must not hold us up.
    files::Fd const fd(files::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));

    struct stat about {};

    if (!fd || files::fstat(fd.get(), &about) != 0) {
        refuse_unreadable(path, errno);
    }
    check_kind_of_file(path, about);
    return read_all(path, fd.get(), static_cast<std::size_t>(about.st_size));
}

template <class T>
T at_offset(std::string_view bytes, std::size_t offset) {
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
}

bool is_inside(std::string_view bytes, std::uint64_t offset, std::uint64_t size) {
    return offset <= bytes.size() && size <= bytes.size() - offset;
}

/// What the headers promise has to be there: what lies beyond the end of a mapped file is SIGBUS.
/// The table of sections is not loaded, but mostly stands last: without it a copy is not complete.
/// Whatever else is wrong with it the system's loader says.
bool is_whole(std::string_view bytes) {
    using Header = ElfW(Ehdr);
    using Segment = ElfW(Phdr);
    if (bytes.size() < sizeof(Header)) {
        return false;
    }
    auto const header = at_offset<Header>(bytes, 0);
    auto const segments = std::uint64_t{header.e_phnum} * sizeof(Segment);
    auto const sections = std::uint64_t{header.e_shnum} * header.e_shentsize;
    if (!is_inside(bytes, header.e_phoff, segments) ||
        !is_inside(bytes, header.e_shoff, sections)) {
        return false;
    }
    for (std::size_t i = 0; i < header.e_phnum; ++i) {
        auto const segment = at_offset<Segment>(bytes, header.e_phoff + i * sizeof(Segment));
        if (!is_inside(bytes, segment.p_offset, segment.p_filesz)) {
            return false;
        }
    }
    return true;
}

void check_bytes(fs::path const& path, std::string_view bytes) {
    constexpr std::string_view magic(ELFMAG, SELFMAG);
    constexpr unsigned char our_class = sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32;
    if (bytes.size() > max_library_bytes) {
        throw PluginRefused(path.string(),
                            "it has more than " + std::to_string(max_library_bytes) + " bytes",
                            "link less into it, or strip it");
    }
    if (bytes.size() <= EI_CLASS) {
        refuse_no_library(path, "file too short");
    }
    if (!bytes.starts_with(magic)) {
        refuse_no_library(path, "invalid ELF header");
    }
    if (static_cast<unsigned char>(bytes[EI_CLASS]) != our_class) {
        refuse_no_library(path, "of another kind of machine");
    }
    if (!is_whole(bytes)) {
        throw PluginRefused(path.string(), "it is cut short",
                            "wait until it has been copied or linked, or copy it again");
    }
}

}  // namespace

LibraryFile read_library(fs::path const& path) {
    LibraryFile file{path, read_file(path), {}};
    check_bytes(path, file.bytes);
    file.hash = sha256_hex(file.bytes);
    return file;
}

}  // namespace xfsbus::policies
