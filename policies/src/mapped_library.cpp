#include "mapped_library.hpp"

#include <xfsbus/files/fd.hpp>
#include <xfsbus/files/system.hpp>
#include <xfsbus/policies/host/errors.hpp>

#include <cerrno>
#include <map>
#include <mutex>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <sys/mman.h>

namespace xfsbus::policies {
namespace {

namespace fs = std::filesystem;

/// Boost says "... (dlerror system message: PATH: REASON)", and only REASON helps.
std::string loader_reason(std::string what, std::string const& path) {
    constexpr std::string_view lead = "(dlerror system message: ";
    if (auto const at = what.find(lead); at != std::string::npos) {
        what = what.substr(at + lead.size());
        what.resize(what.rfind(')'));
    }
    if (what.starts_with(path + ": ")) {
        what.erase(0, path.size() + 2);
    }
    return what;
}

[[noreturn]] void refuse_load(LibraryFile const& file, std::string const& reason) {
    bool const beside = file.bytes.find("$ORIGIN") != std::string::npos ||
                        file.bytes.find("${ORIGIN}") != std::string::npos;
    throw PluginRefused(
        file.path.string(), "the system cannot load it: " + reason,
        beside ? "a plug-in is loaded from a copy in memory, so what it needs is not found beside "
                 "it ($ORIGIN): link that into it, or name its directory absolutely"
               : "a plug-in has to bring or link to everything it uses");
}

/// An anonymous file that holds the library's bytes for ever; open while this lives.
class Copy {
  public:
    explicit Copy(LibraryFile const& file) : fd_(make(file.path.filename().string())) {
        constexpr int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
        if (!fd_ || !write_all(file.bytes) || ::fcntl(fd_.get(), F_ADD_SEALS, seals) != 0) {
            auto const reason = std::generic_category().message(errno);
            throw PluginRefused(file.path.string(), "it cannot be copied to memory: " + reason,
                                "see whether memory or file descriptors are short");
        }
    }

    /// A path that no other copy has had: the system's loader takes equal paths for one library,
    /// and descriptors' numbers come again.
    [[nodiscard]] fs::path path(std::size_t number) const {
        std::string path = "/proc/self/fd/";
        for (std::size_t i = 0; i < number; ++i) {
            path += "./";
        }
        return path + std::to_string(fd_.get());
    }

  private:
    static int make(std::string const& name) {
        constexpr unsigned never_run_as_program = 0x0008;  // MFD_NOEXEC_SEAL, of Linux 6.3
        constexpr unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
        constexpr std::size_t longest_name = 200;
        auto const shown = name.substr(0, longest_name);  // by debuggers, and in /proc/PID/maps
        int const fd = ::memfd_create(shown.c_str(), flags | never_run_as_program);
        return fd >= 0 || errno != EINVAL ? fd : ::memfd_create(shown.c_str(), flags);
    }

    [[nodiscard]] bool write_all(std::string_view bytes) const {
        while (!bytes.empty()) {
            auto const n = files::write(fd_.get(), bytes.data(), bytes.size());
            if (n < 0 && errno != EINTR) {
                return false;
            }
            bytes.remove_prefix(n > 0 ? static_cast<std::size_t>(n) : 0);
        }
        return true;
    }

    files::Fd fd_;
};

boost::dll::shared_library map_copy(LibraryFile const& file, std::size_t number) {
    using boost::dll::load_mode::rtld_local;
    using boost::dll::load_mode::rtld_now;
    Copy const copy(file);
    auto const path = copy.path(number);
    try {
        return boost::dll::shared_library(path, rtld_now | rtld_local);
    } catch (std::system_error const& e) {
        refuse_load(file, loader_reason(e.what(), path.string()));
    }
}

}  // namespace

boost::dll::shared_library const& keep_mapped(LibraryFile const& file) {
    // On the heap, so that the end of the program does not unmap them either.
    static auto& mutex = *new std::mutex();
    static auto& mapped = *new std::map<std::string, boost::dll::shared_library>();
    std::scoped_lock const lock(mutex);
    auto const known = mapped.find(file.hash);
    if (known != mapped.end()) {
        return known->second;
    }
    if (mapped.size() == max_mapped_libraries) {
        throw PluginRefused(file.path.string(),
                            std::to_string(max_mapped_libraries) +
                                " plug-ins have been loaded, and none is ever unloaded",
                            "start the program anew");
    }
    return mapped.emplace(file.hash, map_copy(file, mapped.size())).first->second;
}

}  // namespace xfsbus::policies
