#pragma once

namespace xfsbus::lab::experiment {

/// The natural logarithm of x > 0, and e to the x for |x| <= 100, of additions, multiplications and
/// divisions alone: so the same bits on every machine, which the library's are not. Good to some
/// 1e-14.
double exact_log(double x);
double exact_exp(double x);

}  // namespace xfsbus::lab::experiment
