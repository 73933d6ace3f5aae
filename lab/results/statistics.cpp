#include "results/statistics.hpp"

#include <xfsbus/policies/host/seeded_random.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace xfsbus::lab::results {
namespace {

constexpr std::uint64_t own_seed = 20080101;
constexpr std::size_t resamples = 2000;
constexpr std::size_t flips = 20000;
constexpr std::size_t exact_most = 14;  ///< 2^14 ways are fewer than what is drawn

/// A sum that is not below another for the order in which it was added.
constexpr double rounding = 1e-12;

}  // namespace

double mean_of(std::vector<double> const& values) {
    return values.empty() ? 0
                          : std::accumulate(values.begin(), values.end(), 0.0) /
                                static_cast<double>(values.size());
}

double quantile_of(std::vector<double> const& sorted, double share) {
    auto const rank = std::ceil(share * static_cast<double>(sorted.size()));
    auto const at = static_cast<std::size_t>(std::max(rank, 1.0)) - 1;
    return sorted[std::min(at, sorted.size() - 1)];
}

double fairness_of(std::vector<double> const& values) {
    double sum = 0;
    double squares = 0;
    for (double const value : values) {
        sum += value;
        squares += value * value;
    }
    return squares > 0 ? sum * sum / (squares * static_cast<double>(values.size())) : 1;
}

Estimate estimate_of(std::vector<double> const& values) {
    policies::SeededRandom random(own_seed);
    std::vector<double> means(resamples);
    for (auto& mean : means) {
        for (std::size_t i = 0; i < values.size(); ++i) {
            mean += values[random.rng().below(values.size())];
        }
        mean /= static_cast<double>(values.size());
    }
    std::ranges::sort(means);
    constexpr double tail = 0.025;
    return {mean_of(values), quantile_of(means, tail), quantile_of(means, 1 - tail)};
}

double sign_flip_p(std::vector<double> const& differences) {
    auto const size = differences.size();
    double const seen = std::abs(std::accumulate(differences.begin(), differences.end(), 0.0));
    double const enough = seen * (1 - rounding);
    bool const exact = size <= exact_most;
    std::size_t const ways = exact ? std::size_t{1} << size : flips;
    policies::SeededRandom random(own_seed);
    std::size_t as_far = exact ? 0 : 1;  // what was seen is one of the ways, too
    for (std::size_t way = 0; way < ways; ++way) {
        double sum = 0;
        std::uint64_t bits = way;
        for (std::size_t i = 0; i < size; ++i) {
            constexpr std::size_t word = 64;
            bits = exact ? bits : (i % word == 0 ? random.next() : bits);
            sum += (bits & 1U) != 0 ? differences[i] : -differences[i];
            bits >>= 1U;
        }
        as_far += std::abs(sum) >= enough ? 1 : 0;
    }
    return static_cast<double>(as_far) / static_cast<double>(exact ? ways : ways + 1);
}

double effect_size(std::vector<double> const& differences) {
    double const mean = mean_of(differences);
    double squares = 0;
    for (double const each : differences) {
        squares += (each - mean) * (each - mean);
    }
    auto const size = static_cast<double>(differences.size());
    double const deviation = size > 1 ? std::sqrt(squares / (size - 1)) : 0;
    if (deviation <= std::abs(mean) * rounding) {
        return mean == 0 ? 0 : std::copysign(std::numeric_limits<double>::infinity(), mean);
    }
    return mean / deviation;
}

}  // namespace xfsbus::lab::results
