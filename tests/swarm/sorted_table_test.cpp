#include "catch.hpp"

#include <xfsbus/policies/host/seeded_random.hpp>
#include <xfsbus/swarm/sorted_table.hpp>

#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

using namespace xfsbus;
using namespace xfsbus::swarm;

namespace {

using Table = SortedTable<std::string, int>;

std::vector<std::pair<std::string, int>> all_of(Table const& table) {
    std::vector<std::pair<std::string, int>> all;
    for (auto const& [key, value] : table) {
        all.emplace_back(key, value);
    }
    return all;
}

}  // namespace

TEST_CASE("A sorted table has what a map has after the same changes, in the same order") {
    policies::SeededRandom random(1);
    Table table;
    std::map<std::string, int> model;
    for (int i = 0; i < 5000; ++i) {
        auto const key = std::to_string(random.next() % 100);
        switch (random.next() % 4) {
            case 0:
                CHECK(table.erase(key) == (model.erase(key) > 0));
                break;
            case 1:
                table[key] = i;
                model[key] = i;
                break;
            default:
                CHECK(table.try_emplace(key, i).second == model.try_emplace(key, i).second);
        }
        CHECK(table.contains(key) == model.contains(key));
        REQUIRE(table.size() == model.size());
    }
    CHECK(all_of(table) == std::vector<std::pair<std::string, int>>(model.begin(), model.end()));
}

TEST_CASE("A value of a sorted table stays where it is while others come and go") {
    Table table;
    auto& value = table.try_emplace("m", 7).first->second;
    for (char letter = 'a'; letter <= 'z'; ++letter) {
        table[std::string(1, letter)] += 1;
    }
    for (char letter = 'a'; letter < 'm'; ++letter) {
        CHECK(table.erase(std::string(1, letter)));
    }
    CHECK(value == 8);
    CHECK(&table.at("m") == &value);
    CHECK(table.begin()->first == "m");
    CHECK(std::prev(table.end())->first == "z");
    CHECK(table.find("a") == table.end());
}
