#pragma once

#include "results/run.hpp"

#include <xfsbus/wire/result.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace xfsbus::lab::run {

struct Limits {
    std::size_t at_once = 1;
    std::chrono::milliseconds time{};  ///< of a run, as the clock on the wall has it
    std::uint64_t memory_bytes = 0;    ///< of address space of a run; 0: no limit
};

struct Job {
    std::size_t policy = 0;
    std::uint64_t seed = 0;
};

/// How far it is.
struct Progress {
    std::size_t done = 0;
    std::size_t failed = 0;  ///< of these
    std::size_t running = 0;
    std::size_t all = 0;
    std::chrono::steady_clock::duration since_begin{};
};

struct Ended {
    std::vector<results::Outcome> outcomes{};  ///< in the order in which they ended
    int signal = 0;                            ///< that ended it before all had; 0: none
};

/// Runs `work` for each job, in a process of its own, which ends with it. One that throws, crashes,
/// runs out of memory or of time is a failed outcome, and the others go on. Where there are no
/// processes or descriptors for as many at once, there are fewer. SIGINT, SIGTERM and
/// SIGHUP end those under way; they are held in this thread from now on. `tell` is called on this
/// thread, some times a second. Only while the program has no other thread.
Ended run_all(std::vector<Job> const& jobs, Limits const& limits,
              std::function<results::Run(Job const&)> const& work,
              std::function<void(Progress const&)> const& tell);

}  // namespace xfsbus::lab::run
