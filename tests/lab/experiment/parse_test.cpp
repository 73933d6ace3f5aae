// An experiment's file: what it says, and what is said of one that is wrong.
#include "experiment/parse.hpp"

#include "catch.hpp"
#include "temp_dir.hpp"

#include <fstream>
#include <string>
#include <vector>

using namespace xfsbus;
using namespace xfsbus::lab::experiment;
using namespace std::chrono_literals;

namespace {

std::string const whole = R"(name = "racks"
seeds = [3, 1]
stop = "20m"

[[peers]]
name = "source"
role = "seed"
up = "100Mbit/s"
down = "1Gbit/s"

[[peers]]
count = 6
up = ["1MB/s", "2MB/s"]
down = {uniform = ["1MB/s", "2MB/s"]}
rack = [1, 2]
labels = "rack=1"
far = "50us"
others = 2
policy = "nearest"
arrives = "3s"
serves = false

[[peers]]
name = "liars"
up = {lognormal = ["8Mbit/s", 0.5]}
down = "1MB/s"
conduct = "lies"

[network]
latency = "2ms"
rack-link = "50Mbit/s"
core-link = "1Gbit/s"

[content]
size = "10M"
chunk-size = "64K"

[arrivals]
kind = "poisson"
first = "1s"
per-second = 2.5

[churn]
leave = 0.25
crash = 0.01

[fetching]
places = 2

[[policy]]
name = "usual"

[[policy]]
name = "grid"
select = "loadlatency:load_weight=10"
parameters = {rate = [1, 2], word = ["a", "b"], other = 1.5}
chunk-order = "sequential"
upload-choice = "titfortat"
handout = "samerack"
)";

std::string const smallest = R"(name = "n"
seeds = 1
[[peers]]
role = "seed"
up = "1MB/s"
down = "1MB/s"
[[peers]]
up = "1MB/s"
down = "1MB/s"
[content]
size = "1M"
)";

/// What is said of a file; empty: it is right.
std::string complaint(std::string const& text) {
    auto const read = parse(text, "x.toml");
    if (read) {
        return {};
    }
    CHECK(read.error().code == Errc::usage);
    return read.error().message;
}

/// What is said of the smallest file with this in place of that.
std::string changed(std::string const& from, std::string const& to) {
    auto text = smallest;
    auto const at = text.find(from);
    REQUIRE(at != std::string::npos);
    return complaint(text.replace(at, from.size(), to));
}

/// What is said of the smallest file with these lines after it.
std::string with(std::string const& lines) {
    return complaint(smallest + lines);
}

}  // namespace

TEST_CASE("an experiment has the groups of peers that its file says") {
    auto const read = parse(whole, "x.toml");
    INFO((read ? "" : read.error().message));
    REQUIRE(read);
    REQUIRE(read->groups.size() == 3);
    auto const& sinks = read->groups[1];
    CHECK(read->groups[0].role == Role::seed);
    CHECK(read->groups[0].up == Rates{Rates::Kind::constant, {12'500'000}, 0});
    CHECK(sinks.name == "peers2");
    CHECK(sinks.count == 6);
    CHECK(sinks.up == Rates{Rates::Kind::list, {1048576, 2097152}, 0});
    CHECK(sinks.down == Rates{Rates::Kind::uniform, {1048576, 2097152}, 0});
    CHECK(sinks.rack == std::vector<std::uint32_t>{1, 2});
    CHECK(sinks.labels == "rack=1");
    CHECK(sinks.far == 50us);
    CHECK(sinks.others == 2);
    CHECK(sinks.select == "nearest");
    CHECK(sinks.arrives == wire::Duration(3s));
    CHECK_FALSE(sinks.serves);
    CHECK(read->groups[2].up == Rates{Rates::Kind::lognormal, {1'000'000}, 0.5});
    CHECK(read->groups[2].conduct == Conduct::lies);
}

TEST_CASE("an experiment has the network, content, times and seeds that its file says") {
    auto const read = parse(whole, "x.toml");
    REQUIRE(read);
    CHECK(read->name == "racks");
    CHECK(read->seeds == std::vector<std::uint64_t>{3, 1});
    CHECK(read->stop == wire::Duration(20min));
    CHECK(read->network.latency == wire::Duration(2ms));
    CHECK(read->network.rack_link == 6'250'000);
    CHECK(read->network.core_link == 125'000'000);
    CHECK(read->content.bytes == 10 * 1024 * 1024);
    CHECK(read->content.chunk_bytes == 64 * 1024);
    CHECK(read->arrivals.kind == Arrivals::Kind::poisson);
    CHECK(read->arrivals.first == wire::Duration(1s));
    CHECK(read->arrivals.per_second == 2.5);
    CHECK(read->churn.leave == 0.25);
    CHECK(read->churn.crash == 0.01);
    CHECK(read->fetching.places == 2U);
}

TEST_CASE("lists of parameters make a policy of each combination") {
    auto const read = parse(whole, "x.toml");
    REQUIRE(read);
    REQUIRE(read->policies.size() == 5);
    CHECK(read->policies[0].select.empty());
    CHECK(parameters_text(read->policies[1]) == "rate=1,word=a,other=1.5");
    CHECK(parameters_text(read->policies[4]) == "rate=2,word=b,other=1.5");
    CHECK(read->policies[4].select == "loadlatency:load_weight=10,rate=2,word=b,other=1.5");
    CHECK(read->policies[4].chunk_order == "sequential");
    CHECK(read->policies[4].upload_choice == "titfortat");
    CHECK(read->policies[4].handout == "samerack");
}

TEST_CASE("what an experiment does not say is as the product has it") {
    auto const read = parse(smallest, "x.toml");
    REQUIRE(read);
    CHECK(read->content.chunk_bytes == 128 * 1024);
    CHECK(read->policies.size() == 1);
    CHECK(read->policies[0].name == "default");
    CHECK_FALSE(read->fetching.places);
}

TEST_CASE("the meaning of an experiment is the same whatever policies and seeds are tried") {
    auto const base = situation_hash(*parse(smallest, "a"));
    auto const other = situation_hash(*parse(
        "# a comment\n" + smallest + "chunk-size = \"128K\"\n[[policy]]\nname = \"p\"\n", "b"));
    CHECK(base.size() == 64);
    CHECK(base == other);
    CHECK(base != situation_hash(*parse(smallest + "[fetching]\nplaces = 3\n", "c")));
}

TEST_CASE("whatever is wrong with an experiment's file is said with line, key and what is right") {
    struct Case {
        std::string said;
        std::string expected;
    };

    std::vector<Case> const cases = {
        {complaint("name = "), "x.toml:1: is no TOML"},
        {complaint(std::string(2 * 1024 * 1024, '#')), "x.toml: is larger than 1 MiB"},
        {changed("name = \"n\"", ""), "name: is missing"},
        {changed("\"n\"", "7"), "x.toml:1: name: must be a text in quotes"},
        {changed("\"n\"", "\"\""), "x.toml:1: name: is missing"},
        {changed("\"n\"", "\"a\\nb\""), "must be one line"},
        {changed("seeds", "seed"), "x.toml:2: seed: there is no such key; there is arrivals"},
        {changed("seeds = 1", "seeds = 0"), "x.toml:2: seeds: 0 is out of range"},
        {changed("seeds = 1", "seeds = -1"), "-1 is out of range; write a number from 1 to 1000"},
        {changed("seeds = 1", "seeds = []"), "has 0 elements"},
        {changed("seeds = 1", "seeds = [1, 1]"), "seeds: must be how many, or a list of different"},
        {changed("seeds = 1", "seeds = \"x\""), "seeds: must be how many"},
        {changed("seeds = 1", "stop = \"soon\""), "x.toml:2: stop: 'soon' is no duration"},
        {changed("role = \"seed\"", "role = \"sed\""),
         "x.toml:4: [[peers]] role: 'sed' is none of seed, sink"},
        {changed("role = \"seed\"", ""), "nobody has the file"},
        {changed("[[peers]]\nup", "[[peers]]\nrole = \"seed\"\nup"), "nobody fetches the file"},
        {changed("\"1MB/s\"", "\"fast\""), "x.toml:5: [[peers]] up: 'fast' is no rate; write for"},
        {changed("\"1MB/s\"", "\"1MB\""), "'1MB' is no rate"},
        {changed("\"1MB/s\"", "\"8bit/s\""), "is no rate"},
        {changed("\"1MB/s\"", "\"9e99Gbit/s\""), "is no rate"},
        {changed("\"1MB/s\"", "5"), "up: must be a rate"},
        {changed("\"1MB/s\"", "[]"), "up: has 0 elements"},
        {changed("\"1MB/s\"", "{uniform = [\"1MB/s\"]}"), "up: is no distribution; write {uniform"},
        {changed("\"1MB/s\"", "{uniform = [\"2MB/s\", \"1MB/s\"]}"), "the first rate of uniform"},
        {changed("\"1MB/s\"", "{lognormal = [\"2MB/s\", 9]}"), "the sigma of lognormal"},
        {changed("\"1MB/s\"", "{normal = [\"2MB/s\", 9]}"), "is no distribution"},
        {changed("up = \"1MB/s\"\n", ""), "[[peers]] up: is missing; write for example up = "},
        {changed("role", "count = 100001\nrole"), "count: 100001 is out of range"},
        {changed("role", "count = 100000\nrole"), "there are more than 100000 peers"},
        {changed("role", "count = 1.5\nrole"), "count: must be a whole number"},
        {changed("role", "rack = -1\nrole"), "rack: must be a number from 0 to 9999"},
        {changed("role", "serves = 1\nrole"), "serves: must be true or false"},
        {changed("role", "conduct = \"bad\"\nrole"), "none of honest, lies, stalls"},
        {changed("role", "policy = \"a:\"\nrole"), "[[peers]] policy: "},
        {changed("role", "name = \"peers2\"\nrole"), "name: another group has this name"},
        {changed("size = \"1M\"", ""), "[content] size: is missing"},
        {changed("size = \"1M\"", "size = \"0\""), "size: must be a size from 1 to"},
        {changed("size = \"1M\"", "size = \"big\""), "'big' is no size"},
        {changed("size = \"1M\"", "size = \"1M\"\nchunk-size = \"1\""), "must be at least 1K"},
        {changed("size = \"1M\"", "size = \"9G\"\nchunk-size = \"1K\""), "at most 1048576 chunks"},
        {changed("[content]", "[contents]"), "content: is missing; write [content]"},
        {changed("[content]", "[[content]]"), "content: must be a table"},
        {with("[network]\nlatency = \"-1s\"\n"), "[network] latency: '-1s' is no duration"},
        {with("[network]\nlatncy = \"1s\"\n"), "x.toml:13: [network] latncy: there is no such key"},
        {with("[arrivals]\nkind = \"poisson\"\n"), "per-second: belongs to kind = \"poisson\""},
        {with("[arrivals]\nper-second = 1\n"), "per-second: belongs to kind"},
        {with("[arrivals]\nkind = \"poisson\"\nper-second = 0\n"), "must be a number from 1e-06"},
        {with("[arrivals]\ntimes = [\"1s\"]\n"), "times: belongs to kind = \"trace\""},
        {with("[arrivals]\nkind = \"trace\"\ntimes = [\"x\"]\n"), "times: 'x' is no duration"},
        {with("[arrivals]\nkind = \"trace\"\ntimes = [\"1s\", \"2s\"]\n"),
         "times has 2 elements, and 1 sinks"},
        {with("[arrivals]\nkind = \"trace\"\ntimes = [\"1s\"]\nfirst = \"1s\"\n"), "does not go"},
        {with("[churn]\nleave = 2\n"), "leave: must be a number from 0 to 1"},
        {with("[churn]\ncrash = nan\n"), "crash: must be a number from 0"},
        {with("[fetching]\nplaces = 0\n"), "places: 0 is out of range; write a number from 1"},
        {with("[policy]\nname = \"x\"\n"), "policy: write from 1 to 256 tables [[policy]]"},
        {with("[[policy]]\nselect = \"x\"\n"), "[[policy]] name: is missing"},
        {with("[[policy]]\nname = \"x\"\nselect = \"a:b\"\n"), "[[policy]] select: "},
        {with("[[policy]]\nname = \"x\"\nhandout = \":\"\n"), "[[policy]] handout: "},
        {with("[[policy]]\nname = \"x\"\n[[policy]]\nname = \"x\"\n"), "another policy has this"},
        {with("[[policy]]\nname = \"x\"\nparameters = {a = 1}\n"), "belong to select"},
        {with("[[policy]]\nname = \"x\"\nselect = \"y\"\nparameters = 1\n"), "must be a table"},
        {with("[[policy]]\nname = \"x\"\nselect = \"y\"\nparameters = {a = [\"1,2\"]}\n"),
         "x.toml:15: [[policy]] parameters: 'a' must be a value, or a list"},
        {with("[[policy]]\nname = \"x\"\nselect = \"y\"\nparameters = {a = []}\n"), "'a' must be"},
    };
    for (auto const& each : cases) {
        INFO(each.expected);
        CHECK_THAT(each.said, ContainsSubstring(each.expected));
    }
}

TEST_CASE("an experiment with more combinations or rows than can be told apart is refused") {
    std::string list = "[1";
    for (int i = 2; i <= 20; ++i) {
        list += ", " + std::to_string(i);
    }
    list += "]";
    CHECK_THAT(with("[[policy]]\nname = \"x\"\nselect = \"y\"\nparameters = {a = " + list +
                    ", b = " + list + "}\n"),
               ContainsSubstring("makes more than 256 combinations"));
    CHECK_THAT(complaint("name = \"n\"\nseeds = 100\n[[peers]]\nrole = \"seed\"\nup = \"1MB/s\"\n"
                         "down = \"1MB/s\"\n[[peers]]\ncount = 60000\nup = \"1MB/s\"\ndown = "
                         "\"1MB/s\"\n[content]\nsize = \"1M\"\n"),
               ContainsSubstring("more than 5000000; write fewer seeds"));
}

TEST_CASE("a file that is not there is named with the reason") {
    xfsbus::test::TempDir const dir;
    auto const missing = read(dir.path() / "none.toml");
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == Errc::disk);
    CHECK_THAT(missing.error().message, ContainsSubstring("none.toml: cannot be read: No such"));
    CHECK_FALSE(read(dir.path()));
    std::ofstream(dir.path() / "a.toml") << smallest;
    CHECK(read(dir.path() / "a.toml"));
}

TEST_CASE("what real programs cannot do is refused where it stands, with what to do about it") {
    struct Case {
        std::string from;
        std::string to;
        std::string said;
        bool in_networks = true;  // refused there, too
    };

    for (auto const& each : std::vector<Case>{
             {"[content]",
              "[[peers]]\nup = \"1MB/s\"\ndown = \"1MB/s\"\nconduct = \"lies\"\n[content]",
              "x.toml:13: [[peers]] conduct: a real peer neither lies nor stalls; remove it, or "
              "run "
              "it with --sim"},
             {"role = \"seed\"", "role = \"seed\"\nothers = 3",
              "x.toml:5: [[peers]] others: a real peer serves nobody beside"},
             {"role = \"seed\"", "role = \"seed\"\ncount = 250",
              "count: there are more than 250 peers"},
             {"size = \"1M\"", "size = \"1M\"\nchunk-size = \"64K\"",
              "x.toml:12: [content] chunk-size: the chunks of real peers follow from the size of "
              "the "
              "file; remove it, or write \"128K\", or run it with --sim"},
             {"[content]", "[network]\nrack-link = \"1MB/s\"\n[content]",
              "x.toml:11: [network] rack-link: peers limit their own links only; remove it, or run "
              "it with --netns or --sim",
              false},
             {"[content]", "[network]\ncore-link = \"1MB/s\"\n[content]",
              "x.toml:11: [network] core-link: there is no link that all racks share"},
             {"[content]", "[fetching]\nplaces = 257\n[content]",
              "x.toml:11: [fetching] places: a real peer has 256 at most"},
         }) {
        auto text = smallest;
        text.replace(text.find(each.from), each.from.size(), each.to);
        INFO(text);
        CHECK(parse(text, "x.toml"));
        auto const live = parse(text, "x.toml", Where::live);
        REQUIRE_FALSE(live);
        CHECK(live.error().code == Errc::usage);
        CHECK_THAT(live.error().message, ContainsSubstring(each.said));
        CHECK(parse(text, "x.toml", Where::netns).ok() != each.in_networks);
    }
}
