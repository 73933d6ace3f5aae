#include "completion.hpp"

#include "catch.hpp"
#include "commands.hpp"

#include <algorithm>

using namespace xfsbus::console;
using Words = std::vector<std::string>;

namespace {

Words nobody(std::string const&) {
    FAIL("the bus must not be asked");
    return {};
}

Words some_names(std::string const&) {
    return {"model.bin", "model card.txt", "model.bin", "other"};
}

}  // namespace

TEST_CASE("At the start of a line, and after help, commands are completed") {
    CHECK(completions("", "pu", nobody) == Words{"push"});
    CHECK(completions("  ", "p", nobody) == Words{"peers", "policy", "push"});
    CHECK(completions("help ", "down", nobody) == Words{"download"});
    CHECK(completions("", "zzz", nobody).empty());
}

TEST_CASE("After find, download and push the names of files are completed, quoted where need be") {
    for (std::string const command : {"find ", "download -f ", " push --to 3 "}) {
        INFO(command);
        CHECK(completions(command, "model.", some_names) == Words{"model.bin"});
        CHECK(completions(command, "'model", some_names) == Words{"'model card.txt'"});
    }
}

TEST_CASE("After another command nothing is completed, also if its words look like one") {
    CHECK(completions("policy load download", "mod", nobody).empty());
    CHECK(completions("getload ", "1", nobody).empty());
}

TEST_CASE("The options of a command are completed") {
    CHECK(completions("download ", "--", nobody) ==
          Words{"--force", "--out", "--play-rate", "--repair", "--sources", "--wait"});
    CHECK(completions("download name ", "--re", nobody) == Words{"--repair"});
    CHECK(completions("push name ", "-", nobody) == Words{"--patience", "--to"});
    CHECK(completions("find ", "-", nobody).empty());
}

TEST_CASE("The help lists every command, and tells of the options of one") {
    auto const help = Commands::help_text();
    for (auto const& command : Commands::table()) {
        CHECK_THAT(help, ContainsSubstring("  " + std::string(command.name) + " "));
        CHECK_THAT(help, ContainsSubstring(std::string(command.help)));
    }
    auto const push = std::ranges::find(Commands::table(), "push", &Commands::Command::name);
    REQUIRE(push != Commands::table().end());
    CHECK_THAT(Commands::help_text(*push), ContainsSubstring("push NAME --to all|N|accepting"));
    CHECK_THAT(Commands::help_text(*push), ContainsSubstring("--to all"));
}
