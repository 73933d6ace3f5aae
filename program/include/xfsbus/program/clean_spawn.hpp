#pragma once

#include <xfsbus/program/pointers_to.hpp>

#include <csignal>
#include <string>
#include <utility>
#include <vector>

#include <spawn.h>
#include <unistd.h>

namespace xfsbus::program {

/// Environment variables: names, and what they are to be.
using Variables = std::vector<std::pair<std::string, std::string>>;

/// The environment of this process, with these variables.
inline std::vector<std::string> environment_with(Variables const& variables) {
    std::vector<std::string> all;
    for (char** entry = ::environ; *entry != nullptr; ++entry) {
        all.emplace_back(*entry);
    }
    for (auto const& variable : variables) {
        auto entry = variable.first + "=";
        std::erase_if(all, [&](auto const& other) { return other.starts_with(entry); });
        entry += variable.second;
        all.push_back(std::move(entry));
    }
    return all;
}

/// Starts a program that is not ours: with the signals as they are for a new one, and in a group of
/// processes of its own, so that Ctrl-C is for us alone. Whoever starts it waits for its end.
class CleanSpawn {
  public:
    CleanSpawn() {
        ::posix_spawn_file_actions_init(&files_);
        ::posix_spawnattr_init(&attributes_);
        sigset_t none;
        sigset_t all;
        ::sigemptyset(&none);
        ::sigfillset(&all);
        ::posix_spawnattr_setsigmask(&attributes_, &none);
        ::posix_spawnattr_setsigdefault(&attributes_, &all);
        ::posix_spawnattr_setpgroup(&attributes_, 0);
        ::posix_spawnattr_setflags(
            &attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    }

    ~CleanSpawn() {
        ::posix_spawnattr_destroy(&attributes_);
        ::posix_spawn_file_actions_destroy(&files_);
    }

    CleanSpawn(CleanSpawn const&) = delete;
    CleanSpawn& operator=(CleanSpawn const&) = delete;

    /// Its descriptor `as` is what `fd` is here; in the order of the calls.
    void give(int fd, int as) { ::posix_spawn_file_actions_adddup2(&files_, fd, as); }

    void open(int as, char const* path, int flags) {
        ::posix_spawn_file_actions_addopen(&files_, as, path, flags, 0);
    }

    /// `program`: looked for in PATH unless it has a slash; `words`: what it is called, and its
    /// arguments. The error, or 0.
    int run(pid_t& child, std::string const& program, std::vector<std::string> words,
            std::vector<std::string> environment) const {
        return ::posix_spawnp(&child, program.c_str(), &files_, &attributes_,
                              pointers_to(words).data(), pointers_to(environment).data());
    }

  private:
    posix_spawn_file_actions_t files_{};
    posix_spawnattr_t attributes_{};
};

}  // namespace xfsbus::program
