#pragma once

#include <xfsbus/files/fd.hpp>
#include <xfsbus/wire/result.hpp>

#include <filesystem>

namespace xfsbus::lab::results {

/// A file that says that a process is at work beside it. The system takes the lock on it from a
/// process that is gone, however it went; so a mark without one is that of a process that was
/// killed. Processes that this one begins have no part in it. For one thread.
class Mark {
  public:
    enum class Found {
        nothing,  ///< there is no mark
        dead,     ///< who has set it is gone
        alive,    ///< another process is at work
    };

    /// Of a mark that is not ours.
    static Found look_at(std::filesystem::path const& file);

    /// Sets one, or takes over one that is dead. Errc::usage if another process is at work,
    /// Errc::disk.
    static Result<Mark> set(std::filesystem::path const& file);

    /// The work is done: from now on there is none.
    Status remove();

  private:
    Mark(std::filesystem::path file, files::Fd locked)
        : file_(std::move(file)), locked_(std::move(locked)) {}

    std::filesystem::path file_;
    files::Fd locked_;
};

}  // namespace xfsbus::lab::results
