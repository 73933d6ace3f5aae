#include "catch.hpp"

#include <xfsbus/wire/result.hpp>

#include <memory>
#include <type_traits>
#include <vector>

using namespace xfsbus;

namespace {

using Numbers = Result<std::vector<int>>;

Numbers three() {
    return std::vector{1, 2, 3};
}

template <typename T>
concept has_arrow = requires(T&& result) {
    std::forward<T>(result).operator->();
};

}  // namespace

TEST_CASE("what a loop is given by a Result that is about to go lives as long as the loop") {
    static_assert(std::is_same_v<decltype(*three()), std::vector<int>>);
    static_assert(std::is_same_v<decltype(three().value()), std::vector<int>>);
    static_assert(std::is_same_v<decltype(three().error()), Error>);
    int sum = 0;
    for (auto const number : *three()) {
        sum += number;
    }
    CHECK(sum == 6);
}

TEST_CASE("a Result that is about to go refers to nothing of itself") {
    static_assert(has_arrow<Numbers&>);
    static_assert(has_arrow<Numbers const&>);
    static_assert(!has_arrow<Numbers>);
    CHECK(three().ok());
}

TEST_CASE("a Result that stays refers to its value") {
    Numbers numbers = three();
    numbers->push_back(4);
    static_assert(std::is_same_v<decltype(*numbers), std::vector<int>&>);
    CHECK((*numbers).size() == 4);
    Result<std::unique_ptr<int>> owned = std::make_unique<int>(5);
    CHECK(*std::move(owned).value() == 5);
}

TEST_CASE("each kind of failure has a name of its own") {
    CHECK(name_of(Errc::not_found) == "not-found");
    CHECK(name_of(Errc::ended) == "ended");
    CHECK(name_of(Errc::failed) == "failed");
}
