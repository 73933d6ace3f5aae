#pragma once

#include "swarm.hpp"

#include <filesystem>
#include <set>
#include <string>
#include <utility>

namespace xfsbus::test {

/// Where a program touches the disk: a system call, and the file or directory that its first
/// argument is.
using Site = std::pair<std::string, std::string>;

/// Runs xfs-peer under strace, which can kill it at any system call. In one directory after the
/// other.
class Traced {
  public:
    /// `log`: a file that may be written.
    explicit Traced(std::filesystem::path log);

    /// Why programs cannot be traced here; empty: they can.
    [[nodiscard]] std::string const& problem() const { return problem_; }

    /// Runs it; at which sites below the directory it was, of those that change something or lock.
    [[nodiscard]] std::set<Site> sites(Process::Options peer,
                                       std::filesystem::path const& below) const;

    /// Runs it, and kills it just before the n-th call at this site, counted for each thread. It
    /// has code 0 if it was there less often.
    [[nodiscard]] Ended killed_at(Process::Options peer, Site const& site, unsigned number) const;

  private:
    [[nodiscard]] Ended run(Process::Options peer, Words words) const;

    std::filesystem::path log_;
    std::string program_;
    std::string problem_;
};

}  // namespace xfsbus::test
