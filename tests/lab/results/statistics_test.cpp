#include "results/statistics.hpp"

#include "catch.hpp"

#include <cmath>
#include <limits>

using namespace xfsbus::lab::results;

TEST_CASE("a quantile is the nearest rank") {
    std::vector<double> const values = {1, 2, 3, 4};
    CHECK(quantile_of(values, 0.5) == 2);
    CHECK(quantile_of(values, 0.51) == 3);
    CHECK(quantile_of(values, 0.99) == 4);
    CHECK(quantile_of(values, 0) == 1);
    CHECK(quantile_of({7}, 0.99) == 7);
}

TEST_CASE("fairness is 1 where all are alike, and 1/n where one has all") {
    CHECK(fairness_of({3, 3, 3, 3}) == Approx(1));
    CHECK(fairness_of({8, 0, 0, 0}) == Approx(0.25));
}

TEST_CASE("an interval is around its mean, and narrow where the values are alike") {
    auto const same = estimate_of({5, 5, 5});
    CHECK(same.mean == 5);
    CHECK(same.low == 5);
    CHECK(same.high == 5);
    std::vector<double> values;
    for (int i = 0; i < 100; ++i) {
        values.push_back(i % 2 == 0 ? 9 : 11);
    }
    auto const spread = estimate_of(values);
    CHECK(spread.mean == Approx(10));
    // 1.96 standard errors of 0.1
    CHECK(spread.low == Approx(9.8).margin(0.04));
    CHECK(spread.high == Approx(10.2).margin(0.04));
}

TEST_CASE("an interval is the same in every run") {
    std::vector<double> const values = {1, 4, 2, 8, 5, 7};
    CHECK(estimate_of(values).low == estimate_of(values).low);
    CHECK(estimate_of(values).high == estimate_of(values).high);
}

TEST_CASE("policies over the same seeds are drawn as pairs") {
    std::vector<double> const values = {1, 4, 2, 8, 5, 7};
    auto shifted = values;
    for (auto& value : shifted) {
        value += 100;
    }
    CHECK(estimate_of(shifted).low == Approx(estimate_of(values).low + 100));
}

TEST_CASE("the probability of signs is exact where there are few") {
    CHECK(sign_flip_p({1}) == 1);
    CHECK(sign_flip_p({1, 2}) == 0.5);  // ++ and -- of four
    CHECK(sign_flip_p({1, 1, 1, 1, 1, 1}) == 2.0 / 64);
    CHECK(sign_flip_p({1, -1, 1, -1}) == 1);
    CHECK(sign_flip_p({0, 0, 0}) == 1);
}

TEST_CASE("the probability of many signs is drawn, and never 0") {
    std::vector<double> alike(40, 1.0);
    CHECK(sign_flip_p(alike) > 0);
    CHECK(sign_flip_p(alike) < 0.001);
    for (std::size_t i = 0; i < alike.size(); ++i) {
        alike[i] = i % 2 == 0 ? 1 : -1;
    }
    CHECK(sign_flip_p(alike) == 1);
    // 24 of 40 fall to one side: a coin does that in 0.268 of the cases
    for (std::size_t i = 0; i < alike.size(); ++i) {
        alike[i] = i < 24 ? 1 : -1;
    }
    CHECK(sign_flip_p(alike) == Approx(0.268).margin(0.02));
}

TEST_CASE("an effect is the mean over the spread of the pairs") {
    CHECK(effect_size({1, 3}) == Approx(2 / std::sqrt(2)));
    CHECK(effect_size({0, 0}) == 0);
    CHECK(effect_size({2, 2, 2}) == std::numeric_limits<double>::infinity());
    CHECK(effect_size({-2, -2}) == -std::numeric_limits<double>::infinity());
}
