#pragma once

#include <cstdint>
#include <vector>

namespace xfsbus::lab::results {

// All of these give the same bits in every run: what chance they need comes from a seed of their
// own.

double mean_of(std::vector<double> const& values);

/// The least value that is not below so great a share of them (nearest rank); they are sorted, and
/// there is one at least.
double quantile_of(std::vector<double> const& sorted, double share);

/// Jain's index: 1 if all are alike, 1/n if one has all.
double fairness_of(std::vector<double> const& values);

/// A mean, and where it lies with 95 % confidence.
struct Estimate {
    double mean = 0;
    double low = 0;
    double high = 0;
};

/// By the percentile bootstrap. Values of as many seeds are drawn in the same way, so that two
/// policies over the same seeds are drawn as pairs. There is one value at least.
Estimate estimate_of(std::vector<double> const& values);

/// How probable a mean so far from 0 is if each difference might as well have the other sign: of
/// all ways to choose signs where they are few, else of ways that are drawn. There is one value at
/// least.
double sign_flip_p(std::vector<double> const& differences);

/// Cohen's d of paired differences: their mean over their standard deviation; 0 if all are 0, and
/// infinite if all are alike.
double effect_size(std::vector<double> const& differences);

}  // namespace xfsbus::lab::results
