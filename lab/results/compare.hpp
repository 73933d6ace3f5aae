#pragma once

#include "results/statistics.hpp"

#include <xfsbus/wire/result.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace xfsbus::lab::results {

/// A folder of results, and which policy of it: NAME, or "NAME PARAMETERS"; empty: the only one.
struct Side {
    std::filesystem::path folder;
    std::string policy{};
};

/// What a summary.json says of one policy.
struct Measured {
    std::string situation;
    std::string label;
    std::string where;                             ///< "sim", "live" or "netns"
    std::map<std::uint64_t, double> makespan_s{};  ///< by seed; of runs that all peers finished
    std::map<std::uint64_t, double> mean_s{};
};

/// The policies of a summary.json, which may come from anywhere; `file` is what complaints call it.
/// Errc::usage.
Result<std::vector<Measured>> read_measured(std::string_view json, std::string const& file);

/// B less A, over the seeds that both have.
struct Difference {
    std::size_t seeds = 0;
    double mean_a = 0;
    Estimate difference;
    double p = 1;       ///< of a paired permutation test
    double effect = 0;  ///< Cohen's d of the pairs
    bool real = false;  ///< p < 0.05, and 0 is not within the interval
};

/// Errc::usage if there is no seed that both have.
Result<Difference> difference_of(std::map<std::uint64_t, double> const& a,
                                 std::map<std::uint64_t, double> const& b);

/// Compares two results of the same experiment, in words for a terminal. Errc::usage if they are of
/// different ones or it is not clear which policies are meant, Errc::disk.
Result<std::string> compare(Side const& a, Side const& b);

}  // namespace xfsbus::lab::results
