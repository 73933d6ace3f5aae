#include "catch.hpp"

#include <xfsbus/policies/export.hpp>
#include <xfsbus/policies/parameters.hpp>

namespace {

using xfsbus::policies::Parameters;

Parameters with(char const* value) {
    static constexpr std::array declared{XFSBUS_PARAMETER("weight", "10", "what one unit costs"),
                                         XFSBUS_PARAMETER("label", "none", "what to prefer")};
    std::array const given{::xfsbus_parameter{.name = "weight", .value = value}};
    return {declared, given};
}

template <class Call>
std::string complaint(Call call) {
    try {
        static_cast<void>(call());
    } catch (std::invalid_argument const& e) {
        return e.what();
    }
    return "accepted";
}

}  // namespace

TEST_CASE("A parameter that the user gives replaces its default, others keep theirs") {
    auto const parameters = with("20");
    CHECK(parameters.integer("weight") == 20);
    CHECK(parameters.text("label") == "none");
}

TEST_CASE("A number is read the same in every locale, with fraction and exponent") {
    CHECK(with("2.5e-3").number("weight") == 2.5e-3);
    CHECK(with("-1").number("weight") == -1.0);
}

TEST_CASE("What is not a number is refused by name and value") {
    for (auto const* text : {"abc", "", "1x", " 1", "0x10", "1,5"}) {
        CHECK(complaint([&] { return with(text).number("weight"); }) ==
              "weight: '" + std::string(text) + "' is not a number");
    }
    CHECK(complaint([] { return with("1.5").integer("weight"); }) ==
          "weight: '1.5' is not an integer");
    CHECK(complaint([] { return with("nan").number("weight"); }) ==
          "weight: 'nan' is not a finite number");
    CHECK(complaint([] { return with("inf").number("weight"); }) ==
          "weight: 'inf' is not a finite number");
}

TEST_CASE("A number out of range is refused, and the range is told") {
    CHECK(complaint([] { return with("-1").number("weight", 0.0, 1e9); }) ==
          "weight: -1 is out of range (0 to 1e9)");
    CHECK(complaint([] { return with("1e12").number("weight", 0.5, 1e11); }) ==
          "weight: 1e12 is out of range (0.5 to 1e11)");
    CHECK(complaint([] { return with("65").integer("weight", 1, 64); }) ==
          "weight: 65 is out of range (1 to 64)");
    CHECK(complaint([] { return with("1e999").number("weight"); }) ==
          "weight: 1e999 is out of range");
    CHECK(complaint([] { return with("64").integer("weight", 1, 64); }) == "accepted");
}

TEST_CASE("A parameter that was not declared is refused") {
    CHECK(complaint([] { return with("1").text("wieght"); }) == "unknown parameter 'wieght'");
}
