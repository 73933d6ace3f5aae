#pragma once

#include "threads/lookout.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace xfsbus::peer::index {

/// One inotify instance and one open table of mounts for all shares that have them in common: as
/// many descriptors for fifty peers of a process as for one. They are open while a share is
/// watched. Any thread.
class SharedWatch {
  public:
    class Member;

    /// The lookout, which must outlive it, waits for what the kernel tells.
    explicit SharedWatch(threads::Lookout& lookout);
    /// All members are gone.
    ~SharedWatch();
    SharedWatch(SharedWatch const&) = delete;
    SharedWatch& operator=(SharedWatch const&) = delete;

  private:
    class Hub;
    struct Share;

    std::shared_ptr<Hub> hub_;
};

/// What one share watches, and what it is told. One thread; `on_news` comes from any, and may not
/// call back.
class SharedWatch::Member {
  public:
    Member(SharedWatch const& watch, std::function<void()> on_news);
    ~Member();
    Member(Member const&) = delete;
    Member& operator=(Member const&) = delete;

    /// Why nothing can be watched; 0: it can.
    [[nodiscard]] int error() const;

    /// Watches an open directory: the kernel's number for it, or -1 with errno.
    int add(int directory_fd);
    void remove(int number);

    /// What has happened so far at what it watches, as inotify(7) has it, of which this takes
    /// some: empty if there is none. What nobody takes is kept up to a MiB; then there is one
    /// IN_Q_OVERFLOW in place of it.
    [[nodiscard]] std::vector<std::byte> take();

    /// Something has been mounted or unmounted somewhere since the last call.
    [[nodiscard]] bool take_mounts_changed();
    /// The kernel's table of mounts (proc_pid_mountinfo(5)) as it is now; nullopt: it cannot be
    /// read.
    [[nodiscard]] std::optional<std::string> mounts() const;

  private:
    std::shared_ptr<Hub> hub_;
    std::unique_ptr<Share> share_;
};

}  // namespace xfsbus::peer::index
