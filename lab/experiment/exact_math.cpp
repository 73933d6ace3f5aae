// Built with -ffp-contract=off: a multiplication and an addition in one step round another way.
#include "experiment/exact_math.hpp"

#include <cmath>

namespace xfsbus::lab::experiment {
namespace {

constexpr double ln_2 = 0.693147180559945309417232121458;

}  // namespace

double exact_log(double x) {
    int exponent = 0;
    double const mantissa = std::frexp(x, &exponent);  // exact; 0.5 <= mantissa < 1
    // log m = 2 atanh(t), with |t| <= 1/3: each term is a ninth of the one before.
    double const t = (mantissa - 1) / (mantissa + 1);
    double power = t;
    double sum = 0;
    constexpr int last = 41;
    for (int n = 1; n <= last; n += 2) {
        sum += power / n;
        power *= t * t;
    }
    return 2 * sum + exponent * ln_2;
}

double exact_exp(double x) {
    double const twos = std::floor(x / ln_2 + 0.5);
    double const rest = x - twos * ln_2;  // |rest| <= 0.35
    double term = 1;
    double sum = 1;
    constexpr int last = 20;
    for (int n = 1; n <= last; ++n) {
        term *= rest / n;
        sum += term;
    }
    return std::ldexp(sum, static_cast<int>(twos));
}

}  // namespace xfsbus::lab::experiment
