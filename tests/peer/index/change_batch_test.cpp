#include "index/change_batch.hpp"

#include "catch.hpp"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

using namespace xfsbus;
using xfsbus::peer::index::ChangeBatch;

namespace {

using Names = std::vector<std::string>;

/// As a walk finds them that meets some directories in order, some in reverse, and some cut short.
Names found_in_runs() {
    Names names;
    for (int directory : {7, 3, 4, 9, 1}) {
        Names run;
        for (int file = 0; file < 10 + directory; ++file) {
            run.push_back(std::to_string(directory) + "/" + std::to_string(1000 + file));
        }
        if (directory % 3 != 0) {
            std::ranges::reverse(run);
        }
        names.insert(names.end(), run.begin(), run.end());
    }
    return names;
}

Names shuffled(Names names, unsigned seed) {
    std::ranges::shuffle(names, std::minstd_rand(seed));
    return names;
}

}  // namespace

TEST_CASE("New files are taken in order, however they were found") {
    auto const runs = found_in_runs();
    auto const found =
        GENERATE_COPY(Names{}, Names{"one"}, Names{"b", "a"}, runs,
                      Names(runs.rbegin(), runs.rend()), shuffled(runs, 1), shuffled(runs, 2));
    ChangeBatch batch;
    for (auto const& name : found) {
        batch.add_new({name, {}, nullptr, {}});
    }
    Names taken;
    for (auto const& file : batch.take().added) {
        taken.push_back(file.name);
    }
    auto sorted = found;
    std::ranges::sort(sorted);
    CHECK(taken == sorted);
    CHECK(batch.size() == 0);
}
