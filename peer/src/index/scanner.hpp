#pragma once

#include "index/share_index.hpp"
#include "storage/sight.hpp"

#include <xfsbus/files/fd.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <dirent.h>

namespace xfsbus::peer::index {

/// A walk through a directory and all below it, a piece at a time. Symbolic links are not
/// followed, not even when they are put in place of a directory during the walk.
class Scanner {
  public:
    /// Names are relative to the root. Called from within step().
    struct Sink {
        std::function<void(std::string const& name, storage::Sight const& sight)> on_file;
        /// Asked of each name; what is ignored is not even looked at.
        std::function<bool(std::string const& name)> is_ignored;
        std::function<void(std::string const& name)> on_link;
        /// Before the directory is read, so that what changes from here on can be watched.
        std::function<void(int fd, std::string const& name)> on_directory;
        /// Left out, and why: "is not a regular file".
        std::function<void(std::string const& name, std::string_view why)> on_refused;
    };

    /// `root` stays open for as long as this lives; `start` is a directory below it, "" for itself.
    Scanner(int root, std::string start, Sink sink);

    enum class Step { more, done, shortage };

    /// Looks at up to this many entries. With a shortage (see is_shortage) a directory cannot be
    /// opened now, and errno says why: the next step tries again.
    Step step(std::size_t entries);

    /// Another step would find nothing more.
    [[nodiscard]] bool done() const { return dir_ == nullptr && waiting_.empty(); }

    /// False if a directory could not be read, though it may well be readable later: then nothing
    /// can be said about what was not found.
    [[nodiscard]] bool complete() const { return complete_; }

    /// Leaves out a directory and all below it: it is no longer where it was.
    void abandon(std::string const& directory);

  private:
    struct CloseDir {
        void operator()(DIR* dir) const { ::closedir(dir); }
    };

    bool open_next();
    void fail_directory(int error);
    void visit(dirent const& entry);
    void visit_by_stat(char const* part);

    int root_;
    Sink sink_;
    std::vector<std::string> waiting_;  ///< directories still to be read
    std::unique_ptr<DIR, CloseDir> dir_;
    std::string dir_name_;
    std::string name_;        ///< of the entry that is looked at
    std::size_t prefix_ = 0;  ///< bytes of name_ that are the directory's
    bool complete_ = true;
};

/// True for the directory itself and for all below it.
bool is_within(std::string_view name, std::string_view directory);

}  // namespace xfsbus::peer::index
