#include "arguments.hpp"

#include "catch.hpp"

using namespace xfsbus;
using namespace xfsbus::console;
using Words = std::vector<std::string>;

TEST_CASE("A number is one from 1 to the most that is allowed") {
    CHECK(parse_number("1", 9) == 1);
    CHECK(parse_number("9", 9) == 9);
    for (std::string const text : {"0", "10", "-1", "+1", "1x", "", " 1", "99999999999999999999"}) {
        INFO(text);
        CHECK_FALSE(parse_number(text, 9));
    }
}

TEST_CASE("A download takes a name, and its options before or after it") {
    auto const plain = parse_download({"data/*"}).value();
    CHECK(plain.name == "data/*");
    CHECK(plain.out.empty());
    CHECK_FALSE(plain.force);
    CHECK_FALSE(plain.repair);
    CHECK(plain.sources == 0);
    CHECK(plain.play_bytes_per_second == 0);
    CHECK(parse_download({"a", "--play-rate", "2M"}).value().play_bytes_per_second == 2U << 20U);
    for (auto const& words :
         {Words{"-f", "--repair", "-o", "out", "-s", "7", "name"},
          Words{"name", "--force", "--repair", "--out", "out", "--sources", "7"}}) {
        auto const request = parse_download(words).value();
        CHECK(request.name == "name");
        CHECK(request.out == "out");
        CHECK(request.force);
        CHECK(request.repair);
        CHECK(request.sources == 7);
    }
}

TEST_CASE("After -- a word that begins with - is a name") {
    CHECK(parse_download({"--", "-f"}).value().name == "-f");
    CHECK_FALSE(parse_download({"--", "-f"}).value().force);
    CHECK(parse_download({"-f", "--", "--"}).value().name == "--");
    CHECK(parse_download({"-"}).value().name == "-");
}

TEST_CASE("What a download cannot take is refused, and told why") {
    auto const problem = [](Words const& words) {
        auto const request = parse_download(words);
        REQUIRE_FALSE(request);
        CHECK(request.error().code == Errc::usage);
        return request.error().message;
    };
    CHECK(problem({}) == "it takes a name");
    CHECK(problem({""}) == "it takes one name (quote blanks)");
    CHECK(problem({"two", "names"}) == "it takes one name (quote blanks)");
    CHECK(problem({"name", "--to", "2"}) == "'--to' is no option, or lacks its value");
    CHECK(problem({"name", "-o"}) == "'-o' is no option, or lacks its value");
    CHECK(problem({"name", "-\033"}) == "'-\\x1b' is no option, or lacks its value");
    CHECK(problem({"name", "--play-rate", "fast"}).starts_with("--play-rate: "));
    for (std::string const sources : {"0", "257", "many"}) {
        CHECK(problem({"name", "-s", sources}) == "-s takes a number from 1 to 256");
    }
}

TEST_CASE("A push takes a name and how many peers shall have it") {
    auto const three = parse_push({"model.bin", "--to", "3"}).value();
    CHECK(three.name == "model.bin");
    CHECK(three.to == peer::PushTo::number);
    CHECK(three.peers == 3);
    CHECK(three.patience == std::chrono::seconds(60));
    auto const all = parse_push({"--to", "all", "model.bin", "--patience", "5m"}).value();
    CHECK(all.to == peer::PushTo::all);
    CHECK(all.patience == std::chrono::minutes(5));
    CHECK(parse_push({"--to", "accepting", "m"}).value().to == peer::PushTo::accepting);
}

TEST_CASE("A push that does not say to whom, or nonsense, is refused") {
    CHECK_THAT(parse_push({"model.bin"}).error().message, ContainsSubstring("--to"));
    for (std::string const to : {"0", "-1", "everybody", ""}) {
        INFO(to);
        auto const request = parse_push({"model.bin", "--to", to});
        REQUIRE_FALSE(request);
        CHECK(request.error() ==
              Error{Errc::usage, "--to takes 'all', 'accepting', or a number of peers"});
    }
    CHECK_FALSE(parse_push({"m", "--to", "all", "--patience", "soon"}));
    CHECK_FALSE(parse_push({"--to", "all"}));
    CHECK_FALSE(parse_push({"model.bin", "--to"}));
    CHECK_FALSE(parse_push({"model.bin", "--to", "all", "--force"}));
}

TEST_CASE("A watch takes a pattern, and perhaps a command") {
    auto const plain = parse_watch({"data/**"}).value();
    CHECK(plain.what.files == "data/**");
    CHECK_FALSE(plain.what.peers);
    CHECK(plain.exec.empty());
    auto const with = parse_watch({"--exec", "echo \"$XFS_NAME\"", "*.bin"}).value();
    CHECK(with.what.files == "*.bin");
    CHECK(with.exec == "echo \"$XFS_NAME\"");
    auto const peers = parse_watch({"--peers"}).value();
    CHECK(peers.what.files.empty());
    CHECK(peers.what.peers);
    auto const both = parse_watch({"*", "--peers", "--exec", "true"}).value();
    CHECK(both.what.files == "*");
    CHECK(both.what.peers);
    CHECK(both.exec == "true");
    std::vector<std::vector<std::string>> const wrong = {{},
                                                         {"a", "b"},
                                                         {"a", "b", "--peers"},
                                                         {"a", "--exec"},
                                                         {"a", "--exec", ""},
                                                         {"a", "--to", "3"}};
    for (auto const& words : wrong) {
        auto const order = parse_watch(words);
        REQUIRE_FALSE(order);
        CHECK(order.error().code == Errc::usage);
    }
}
