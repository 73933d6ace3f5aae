// The contract that authors can try their own plug-ins against: the shipped ones keep it, and it
// sees who does not.
#include "catch.hpp"

#include <xfsbus/policies/host/contract.hpp>
#include <xfsbus/policies/host/errors.hpp>
#include <xfsbus/policies/host/plugin_listing.hpp>

#include <algorithm>

using namespace xfsbus::policies;

namespace {

/// A sanitizer's build takes many times as long.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool is_in_time = false;
#else
constexpr bool is_in_time = true;
#endif

ContractTrial tried(std::string const& spec) {
    return try_contract(parse_plugin_spec(spec),
                        PluginPath({XFS_TEST_BAD_PLUGINS, XFS_TEST_PLUGINS}));
}

/// What is wrong with the rule that contains these words; empty: nothing.
std::string problem_with(std::string const& words, ContractTrial const& trial) {
    auto const rule = std::ranges::find_if(trial.rules, [&](auto const& each) {
        return each.sentence.find(words) != std::string::npos;
    });
    REQUIRE(rule != trial.rules.end());
    return rule->problem;
}

bool is_kept(ContractRule const& rule) {
    bool const is_of_time = rule.sentence.find("10 ms") != std::string::npos;
    return rule.problem.empty() || (is_of_time && !is_in_time);
}

bool is_kept(ContractTrial const& trial) {
    return std::ranges::all_of(trial.rules, [](auto const& rule) { return is_kept(rule); });
}

}  // namespace

TEST_CASE("Every plug-in that comes with the program keeps the contract of its kind") {
    auto const plugins = list_plugins(PluginPath({XFS_TEST_PLUGINS}));
    REQUIRE(plugins.size() > 20);
    for (auto const& plugin : plugins) {
        auto const trial = tried(plugin.path.string());
        CHECK(trial.plugin.name == plugin.name);
        CHECK(trial.rules.size() >= 3);
        CHECK(trial.decisions >= 300);
        for (auto const& rule : trial.rules) {
            INFO(plugin.path.string() << ": " << rule.sentence << ": " << rule.problem);
            CHECK(is_kept(rule));
        }
    }
}

TEST_CASE(
    "An answer that the question may not have breaks the contract, and so does an exception") {
    auto const fault = GENERATE(as<std::string>{}, "index", "pick", "cost", "nan");
    auto const trial = tried("libfaulty-selector.so:fault=" + fault);
    CHECK_FALSE(trial.kept());
    CHECK_FALSE(problem_with("every answer is one", trial).empty());
    CHECK(is_kept(tried("libfaulty-selector.so")));
}

TEST_CASE("A selector with chance of its own breaks the contract") {
    CHECK(problem_with("same seed", tried("libfaulty-selector.so:fault=chance")).find("differed") !=
          std::string::npos);
}

TEST_CASE("A chunk order whose ranks are no numbers breaks the contract") {
    auto const fault = GENERATE(as<std::string>{}, "nan", "rank", "infinite");
    CHECK_FALSE(
        problem_with("finite number", tried("libfaulty-chunk-order.so:fault=" + fault)).empty());
    CHECK(is_kept(tried("libfaulty-chunk-order.so")));
}

TEST_CASE("A hash that throws breaks the contract") {
    CHECK_FALSE(problem_with("nothing is thrown", tried("librude-hash.so")).empty());
}

TEST_CASE("A hash that does not tell messages apart breaks the contract") {
    CHECK(problem_with("different digests", tried("libfaulty-hash.so")) == "some had the same");
}

TEST_CASE("What would not be loaded is refused before it is tried") {
    CHECK_THROWS_AS(tried("libwrong-magic.so"), PluginRefused);
    CHECK_THROWS_AS(tried("libnothing.so"), PluginRefused);
}
