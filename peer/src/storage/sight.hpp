#pragma once

#include <xfsbus/files/fd.hpp>
#include <xfsbus/swarm/indexed_file.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

struct stat;

namespace xfsbus::peer::storage {

/// What stands under a name on disk, as far as the share is concerned.
struct Sight {
    enum class Kind {
        file,
        directory,
        link,  ///< a symbolic one: left out, and counted
        gone,
        refused,  ///< left out with a warning
        unknown,  ///< nobody can look now: see is_shortage
    };
    Kind kind = Kind::gone;
    swarm::FileStamp stamp;   ///< of a file
    bool linked = false;      ///< a file with several names
    bool is_private = false;  ///< a file that we may read, and others may not
    std::string_view why{};   ///< refused: the problem, a literal or "" for that of errno
};

/// True for the temporary files of downloads, which are nobody's business.
bool is_temporary(std::string_view part);

swarm::FileStamp stamp_from(struct stat const& status);

Sight judge(struct stat const& status);

/// The stamp of an open file; nullopt unless it is a regular file.
std::optional<swarm::FileStamp> stamp_of(int fd);

/// Of a file that we have just written and that is open for writing: gives it this mtime, but none
/// younger than some seconds: so every later write, even in this very tick of the file system's
/// clock, shows in the stamp. To be called after the last write. False, with errno, if it cannot.
bool settle(int fd, std::optional<std::int64_t> mtime_ns = std::nullopt);

/// Opens a name below a directory. No part of it may be a symbolic link, at no moment: each part
/// is opened in the one before. "" is the directory itself. Sets errno.
files::Fd open_beneath(int root, std::string_view name, int flags);

/// What stands under a name right now. Refused with why == "" means: see errno.
Sight look_at(int root, std::string_view name);

/// Looks at many names in a row, for which it keeps the directory of the last one open. To be told
/// to forget it before it matters that the directory may have been moved or replaced meanwhile.
class Looks {
  public:
    /// As above. `root` is the same until forget().
    Sight at(int root, std::string_view name);

    void forget() { open_ = {}; }

  private:
    std::string directory_;
    files::Fd open_;
};

/// Whether there are no descriptors or no memory left: of the file itself that says nothing.
bool is_shortage(int error);

/// The text of an errno, from any thread.
std::string errno_text(int error);

}  // namespace xfsbus::peer::storage
