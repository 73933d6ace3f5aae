#include "simulated.hpp"

#include <xfsbus/wire/codec.hpp>

#include <map>

using namespace xfsbus;
using namespace xfsbus::tracker::test;

namespace {

using Names = std::vector<std::string>;

wire::Find content(std::string prefix) {
    return {wire::FindBy::content_prefix, std::move(prefix), "", 0};
}

std::vector<wire::FileEntry> numbered(int count) {
    std::vector<wire::FileEntry> files;
    for (int i = 0; i < count; ++i) {
        files.push_back(file("file-" + std::to_string(10'000 + i), static_cast<std::uint32_t>(i)));
    }
    return files;
}

}  // namespace

TEST_CASE("an exact find names every version of the name and nothing else") {
    Simulated world;
    world.join(1, {file("a", 1), file("ab", 3)});
    world.join(2, {file("a", 2), file("A", 4)});
    auto const found = world.find("a");
    CHECK(found.epoch == epoch);
    CHECK(found.next.empty());
    REQUIRE(found.files.size() == 2);
    CHECK(found.files[0].content == content_id(1));
    CHECK(found.files[1].content == content_id(2));
    CHECK(found.files[0].size == 1000);
    CHECK(found.files[0].source_count == 1);
    CHECK(found.files[0].sources[0].listens == wire::Endpoint{"10.0.0.1", 1001});
}

TEST_CASE("a find of what nobody has is answered with nothing, not with a failure") {
    Simulated world;
    CHECK(world.find("a").files.empty());
    CHECK(world.find("").files.empty());
    CHECK(world.find(glob("*")).files.empty());
    CHECK(world.find(content("")).files.empty());
}

TEST_CASE("special characters in an exact find are ordinary ones") {
    Simulated world;
    world.join(1, {file("a*"), file("ab")});
    auto const found = world.find("a*");
    REQUIRE(found.files.size() == 1);
    CHECK(found.files[0].name == "a*");
}

TEST_CASE("the labels and the identity of a source are told") {
    Simulated world;
    auto registration = world.registration(1);
    registration.labels = "site=a,disk=ssd";
    world.send(route_of(1), registration);
    world.update(1, 1, {file("a")});
    auto const source = world.find("a").files.at(0).sources.at(0);
    CHECK(source.peer == peer_id(1));
    CHECK(source.labels == "site=a,disk=ssd");
}

TEST_CASE("who asks is named too if it has the file, and is not asked whether it is there") {
    Simulated world;
    world.join(1, {file("a")});
    auto const found = world.find(wire::Find{wire::FindBy::name, "a", "", 0}, route_of(1));
    CHECK(Simulated::numbers(found) == Numbers{1});
    CHECK(world.all<wire::Ping>(route_of(1)).empty());
}

TEST_CASE("a pattern finds the names it matches, in their order") {
    Simulated world;
    world.join(1, {file("b.txt", 1), file("a.txt", 2), file("a.bin", 3), file("d/a.txt", 4)});
    CHECK(world.names_over_pages(glob("*.txt")) == Names{"a.txt", "b.txt"});
    CHECK(world.names_over_pages(glob("a.*")) == Names{"a.bin", "a.txt"});
    CHECK(world.names_over_pages(glob("**")) == Names{"a.bin", "a.txt", "b.txt", "d/a.txt"});
    CHECK(world.names_over_pages(glob("a.txt")) == Names{"a.txt"});
}

TEST_CASE("a pattern of the greatest length is taken, a longer one refused") {
    Simulated world;
    auto const longest = "d/" + std::string(wire::limits::pattern_bytes - 2, 'a');
    world.join(1, {file(longest)});
    CHECK(world.names_over_pages(glob(longest)) == Names{longest});
    world.send("asker", glob(longest + "*"));
    world.expect_failure("asker", wire::ErrorCode::bad_message);
}

TEST_CASE("a prefix of a content id finds all names of all contents that begin so") {
    Simulated world;
    world.join(1, {file("x", 0x12345678), file("y", 0x12345678), file("z", 0x12399999)});
    CHECK(world.names_over_pages(content("12345678")) == Names{"x", "y"});
    CHECK(world.names_over_pages(content("123")) == Names{"x", "y", "z"});
    CHECK(world.names_over_pages(content("1239")) == Names{"z"});
    CHECK(world.names_over_pages(content("13")).empty());
    CHECK(world.names_over_pages(content("")).size() == 3);
    CHECK(world.names_over_pages(content(wire::to_hex(content_id(0x12399999)))) == Names{"z"});
}

TEST_CASE("a content id may be written in upper case") {
    Simulated world;
    world.join(1, {file("x", 0xabcdef00)});
    CHECK(world.names_over_pages(content("ABCdeF")) == Names{"x"});
}

TEST_CASE("a content prefix that is no hex, or too long, is refused") {
    Simulated world;
    for (auto const& prefix : {std::string("xyz"), std::string(65, 'a')}) {
        world.send("asker", content(prefix));
        world.expect_failure("asker", wire::ErrorCode::bad_message);
    }
}

TEST_CASE("a cursor that is none of ours is refused") {
    Simulated world;
    for (auto const& cursor : {std::string("x"), std::string(64, 'x'), std::string(63, '0')}) {
        world.send("asker", wire::Find{wire::FindBy::glob, "*", cursor, 0});
        world.expect_failure("asker", wire::ErrorCode::bad_message);
    }
}

TEST_CASE("a cursor that points outside of the matches does no harm") {
    Simulated world;
    world.join(1, {file("a", 1), file("m1", 2), file("m2", 3), file("z", 4)});
    auto const zero = wire::to_hex(wire::ContentId{});
    CHECK(world.find({wire::FindBy::glob, "m*", zero + "a", 0}).files.size() == 2);
    CHECK(world.find({wire::FindBy::glob, "m*", zero + "y", 0}).files.empty());
    CHECK(world.find({wire::FindBy::name, "m1", zero, 0}).files.size() == 1);
}

TEST_CASE("over pages of any size every name comes exactly once") {
    std::uint32_t const limit = GENERATE(1U, 2U, 7U, 99U, 100U, 101U);
    Simulated world;
    world.join(1, numbered(100));
    world.join(2, numbered(50));
    for (auto find : {glob("file-*", limit), content("")}) {
        find.limit = limit;
        auto names = world.names_over_pages(find);
        CHECK(names.size() == 100);
        CHECK(std::is_sorted(names.begin(), names.end()));
        CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
        CHECK(world.find(find).files.size() == std::min(limit, 100U));
    }
}

TEST_CASE("the versions of one name come in pages too") {
    Simulated world;
    for (std::uint32_t peer = 1; peer <= 5; ++peer) {
        world.join(peer, {file("same", peer)});
    }
    CHECK(world.names_over_pages({wire::FindBy::name, "same", "", 2}) == Names(5, "same"));
}

TEST_CASE("a page ends before it is larger than a message may be") {
    Simulated world;
    std::string const labels(wire::limits::text_bytes, 'l');
    for (std::uint32_t peer = 1; peer <= 40; ++peer) {
        auto registration = world.registration(peer);
        registration.labels = labels;
        world.send(route_of(peer), registration);
        world.update(peer, 1, numbered(20));
    }
    auto find = glob("*");
    std::size_t files = 0;
    do {
        auto const found = world.find(find);
        REQUIRE(wire::encode(found).body.size() <= wire::limits::found_bytes);
        REQUIRE_FALSE(found.files.empty());
        files += found.files.size();
        for (auto const& each : found.files) {
            CHECK(each.sources.size() == 40);
        }
        find.after = found.next;
    } while (!find.after.empty());
    CHECK(files == 20);
}

TEST_CASE("a file whose sources alone are too large for a page is told with fewer of them") {
    Simulated world;
    for (std::uint32_t peer = 1; peer <= 250; ++peer) {
        auto registration = world.registration(peer);
        registration.labels = std::string(wire::limits::text_bytes, 'l');
        world.send(route_of(peer), registration);
        world.update(peer, 1, {file("a", 1), file("b", 2)});
    }
    auto find = glob("*");
    for (auto const* name : {"a", "b"}) {
        auto const found = world.find(find);
        REQUIRE(found.files.size() == 1);
        CHECK(found.files[0].name == name);
        CHECK(found.files[0].source_count == 250);
        CHECK(found.files[0].sources.size() > 100);
        CHECK(wire::encode(found).body.size() <= wire::limits::found_bytes);
        find.after = found.next;
    }
    CHECK(find.after.empty());
}

TEST_CASE("a scan of very many names that match nothing ends its page early, and goes on") {
    tracker::Directory::Limits limits;
    limits.page_work = 2000;
    Simulated world(limits);
    auto files = numbered(300);
    files.push_back(file("zzz", 5000));
    world.join(1, files);
    auto const found = world.find(glob("*zz"));
    CHECK(found.files.empty());
    CHECK_FALSE(found.next.empty());
    CHECK(world.names_over_pages(glob("*zz")) == Names{"zzz"});
}

TEST_CASE("the prefix of a pattern bounds what is scanned") {
    tracker::Directory::Limits limits;
    limits.page_work = 2000;
    Simulated world(limits);
    auto files = numbered(300);
    files.push_back(file("zzz", 5000));
    world.join(1, files);
    auto const found = world.find(glob("z*"));
    CHECK(found.files.size() == 1);
    CHECK(found.next.empty());
}

TEST_CASE("of too many sources a sample is told, with their number, mixed anew for each find") {
    tracker::Directory::Limits limits;
    limits.found_sources = 8;
    Simulated world(limits);
    for (std::uint32_t peer = 1; peer <= 64; ++peer) {
        world.join(peer, {file("popular")});
    }
    std::vector<int> named(65, 0);
    for (int i = 0; i < 400; ++i) {
        auto const found = world.find("popular");
        REQUIRE(found.files.size() == 1);
        CHECK(found.files[0].source_count == 64);
        auto const sources = Simulated::numbers(found);
        REQUIRE(sources.size() == 8);
        REQUIRE(std::adjacent_find(sources.begin(), sources.end()) == sources.end());
        for (auto const source : sources) {
            ++named.at(source);
        }
    }
    // Each is named in 50 of 400 on average; the standard deviation is 6.6.
    CHECK(*std::min_element(named.begin() + 1, named.end()) > 20);
    CHECK(*std::max_element(named.begin() + 1, named.end()) < 80);
}

TEST_CASE("no more sources of a file are named than were asked for") {
    auto const [asked, named] = GENERATE(std::pair{0U, 8U}, std::pair{1U, 1U}, std::pair{3U, 3U},
                                         std::pair{8U, 8U}, std::pair{100U, 8U});
    auto find = GENERATE(glob("popular"), swarm(1));
    tracker::Directory::Limits limits;
    limits.found_sources = 8;
    limits.swarm_sources = 8;
    Simulated world(limits);
    for (std::uint32_t peer = 1; peer <= 20; ++peer) {
        world.join(peer, {file("popular")});
    }
    find.sources = asked;
    auto const found = world.find(find);
    REQUIRE(found.files.size() == 1);
    CHECK(found.files[0].sources.size() == named);
    CHECK(found.files[0].source_count == 20);
}

namespace {

/// The sources on all pages, in the order they came, with how many pages there were.
std::pair<Numbers, int> sources_over_pages(Simulated& world, wire::Find find) {
    std::pair<Numbers, int> all;
    find.every = true;
    do {
        auto const found = world.find(find);
        for (auto const& each : found.files) {
            for (auto const& source : each.sources) {
                all.first.push_back(source.listens.port - 1000U);
            }
        }
        ++all.second;
        find.after = found.next;
    } while (!find.after.empty() && all.second < 1000);
    return all;
}

}  // namespace

TEST_CASE("who asks for every source gets each of them once, over as many pages as it takes") {
    auto const [per_page, pages] = GENERATE(std::pair{1U, 20}, std::pair{7U, 3}, std::pair{10U, 2},
                                            std::pair{20U, 1}, std::pair{256U, 1});
    auto const find = GENERATE(glob("popular"), swarm(1));
    tracker::Directory::Limits limits;
    limits.found_sources = per_page;
    limits.swarm_sources = 1;
    Simulated world(limits);
    Numbers everybody;
    for (std::uint32_t peer = 1; peer <= 20; ++peer) {
        world.join(peer, {file("popular")});
        everybody.push_back(peer);
    }
    CHECK(sources_over_pages(world, find) == std::pair{everybody, pages});
}

TEST_CASE("pages of every source go on with the file where they left it, and then with the next") {
    tracker::Directory::Limits limits;
    limits.found_sources = 4;
    Simulated world(limits);
    for (std::uint32_t peer = 1; peer <= 6; ++peer) {
        world.join(peer, {file("a", 1), file("b", 2), file("c", peer)});
    }
    wire::Find find = glob("*");
    find.every = true;
    std::map<std::string, int> named;
    int pages = 0;
    for (bool more = true; more; ++pages) {
        auto const found = world.find(find);
        for (auto const& each : found.files) {
            named[each.name] += static_cast<int>(each.sources.size());
        }
        find.after = found.next;
        more = !find.after.empty();
    }
    CHECK(named == std::map<std::string, int>{{"a", 6}, {"b", 6}, {"c", 6}});
    CHECK(pages == 3);  // four of a; two of a and four of b; two of b and all of c
}

TEST_CASE("a page of every source that would be too large for a message is cut, and goes on") {
    tracker::Directory::Limits limits;
    limits.found_bytes = 400;
    Simulated world(limits);
    Numbers everybody;
    for (std::uint32_t peer = 1; peer <= 20; ++peer) {
        world.join(peer, {file("popular")});
        everybody.push_back(peer);
    }
    auto const [named, pages] = sources_over_pages(world, glob("*"));
    CHECK(named == everybody);
    CHECK(pages > 5);
}

TEST_CASE("sources that go between two pages take nobody with them") {
    tracker::Directory::Limits limits;
    limits.found_sources = 4;
    Simulated world(limits);
    for (std::uint32_t peer = 1; peer <= 12; ++peer) {
        world.join(peer, {file("a")});
    }
    wire::Find find = glob("a");
    find.every = true;
    find.after = world.find(find).next;
    for (std::uint32_t const gone : {2U, 4U, 5U}) {
        world.send(route_of(gone), wire::Leave{});
    }
    CHECK(sources_over_pages(world, find).first == Numbers{6, 7, 8, 9, 10, 11, 12});
    for (std::uint32_t peer = 1; peer <= 12; ++peer) {
        world.send(route_of(peer), wire::Leave{});
    }
    CHECK(world.find(find).files.empty());
}

TEST_CASE("who does not answer the check makes room for the next on a page of every source") {
    tracker::Directory::Limits limits;
    limits.found_sources = 4;
    Simulated world(limits);
    for (std::uint32_t peer = 1; peer <= 5; ++peer) {
        world.join(peer, {file("a")}, true);
    }
    world.pass(fresh);
    wire::Find find = glob("a");
    find.every = true;
    world.send("asker", find, 9);
    for (std::uint32_t const there : {1U, 3U, 4U}) {
        world.send(route_of(there), wire::Pong{});
    }
    world.pass(250ms);
    world.send(route_of(5), wire::Pong{});
    auto const found = world.last<wire::Found>("asker");
    CHECK(Simulated::numbers(found) == Numbers{1, 3, 4, 5});
    find.after = found.next;
    CHECK((find.after.empty() || world.find(find).files.empty()));
}

TEST_CASE("a cursor into a file's sources is for those who ask for every source") {
    tracker::Directory::Limits limits;
    limits.found_sources = 1;
    Simulated world(limits);
    world.join(1, {file("a")});
    world.join(2, {file("a")});
    wire::Find find = glob("a");
    find.every = true;
    find.after = world.find(find).next;
    REQUIRE_FALSE(find.after.empty());
    find.every = false;
    world.send("asker", find);
    world.expect_failure("asker", wire::ErrorCode::bad_message);
    find.every = true;
    for (std::string const wrong : {"+", "+0000000", "+0000000g", "+00000000", "+00000000ab"}) {
        find.after = wrong;
        world.send("asker", find);
        world.expect_failure("asker", wire::ErrorCode::bad_message);
    }
}

TEST_CASE("a source that has nothing yet is named for the whole content id and for nothing else") {
    Simulated world;
    world.join(1, {file("a", 0xab)});
    world.join(2, {part("a", 0xab, 0)});
    auto const id = wire::to_hex(content_id(0xab));
    for (auto const& whole : {id, "000000Ab" + id.substr(8)}) {
        auto const found = world.find(content(whole));
        CHECK(Simulated::numbers(found) == Numbers{1, 2});
        CHECK(found.files.at(0).source_count == 2);
    }
    for (auto const& find : {wire::Find{wire::FindBy::name, "a", "", 0}, glob("*"), content(""),
                             content(id.substr(0, 63))}) {
        auto const found = world.find(find);
        CHECK(Simulated::numbers(found) == Numbers{1});
        CHECK(found.files.at(0).source_count == 1);
    }
}

TEST_CASE("a version of which nobody has anything exists only for who asks for its content id") {
    Simulated world;
    world.join(1, {part("a", 7, 0), file("b", 8)});
    CHECK(world.find("a").files.empty());
    CHECK(world.names_over_pages(glob("*")) == Names{"b"});
    CHECK(world.names_over_pages(content("0000000")) == Names{"b"});
    CHECK(world.names_over_pages(swarm(7)) == Names{"a"});
}

TEST_CASE("a page's limit does not count the versions that do not exist for its find") {
    Simulated world;
    world.join(1, {part("a", 1, 0), file("b", 2), part("c", 3, 0), file("d", 4)});
    auto const found = world.find(glob("*", 2));
    REQUIRE(found.files.size() == 2);
    CHECK(found.files[1].name == "d");
    CHECK(found.next.empty());
}

TEST_CASE(
    "a source is found by name as soon as it has something, and no more when it has nothing") {
    Simulated world;
    world.join(1, {part("a", 7, 0)});
    CHECK(world.sources_of("a").empty());
    world.update(1, 2, {part("a", 7, 1)});
    auto const found = world.find("a");
    REQUIRE(found.files.size() == 1);
    CHECK(found.files[0].sources.at(0).have_ppm == 1);
    world.update(1, 3, {part("a", 7, 0)});
    CHECK(world.sources_of("a").empty());
    CHECK(world.sources_of(swarm(7)) == Numbers{1});
}

TEST_CASE("of a large swarm no more sources are told than a peer makes use of") {
    Simulated world;
    for (std::uint32_t peer = 1; peer <= 100; ++peer) {
        world.join(peer, {file("a", 7)});
    }
    auto const found = world.find(swarm(7));
    CHECK(found.files.at(0).sources.size() == wire::limits::swarm_sources);
    CHECK(found.files.at(0).source_count == 100);
    CHECK(world.sources_of("a").size() == 100);
}

TEST_CASE("a sample is half complete sources and half others, or all that there are of one kind") {
    struct Case {
        std::uint32_t complete;
        std::uint32_t partial;
        std::uint32_t complete_told;
    };

    auto const [complete, partial, complete_told] =
        GENERATE(Case{40, 40, 4}, Case{4, 5, 4}, Case{5, 4, 4}, Case{2, 40, 2}, Case{1, 40, 1},
                 Case{0, 40, 0}, Case{40, 3, 5}, Case{40, 1, 7}, Case{40, 0, 8}, Case{8, 1, 7},
                 Case{1, 8, 1});
    auto const find = GENERATE(glob("a"), swarm(7));
    tracker::Directory::Limits limits;
    limits.found_sources = 8;
    limits.swarm_sources = 8;
    Simulated world(limits);
    for (std::uint32_t peer = 1; peer <= complete + partial; ++peer) {
        world.join(peer, {peer <= complete ? file("a", 7) : part("a", 7, 999'999)});
    }
    auto const found = world.find(find).files.at(0);
    CHECK(found.source_count == complete + partial);
    CHECK(found.sources.size() == 8);
    CHECK(std::count_if(found.sources.begin(), found.sources.end(), [](auto const& source) {
              return source.have_ppm == wire::complete_ppm;
          }) == complete_told);
}

TEST_CASE("the first sources of a sample are a mixture, too") {
    Simulated world;
    for (std::uint32_t peer = 1; peer <= 200; ++peer) {
        world.join(peer, {part("a", 7, peer <= 100 ? wire::complete_ppm : 0)});
    }
    auto const sources = world.find(swarm(7)).files.at(0).sources;
    auto const complete =
        std::count_if(sources.begin(), sources.begin() + 32,
                      [](auto const& source) { return source.have_ppm == wire::complete_ppm; });
    CHECK(complete > 6);  // 16 on average; the standard deviation is 2
    CHECK(complete < 26);
}

TEST_CASE("who asks for a large swarm again, or somebody else, is told other sources of it") {
    Simulated world;
    for (std::uint32_t peer = 1; peer <= 1000; ++peer) {
        world.join(peer, {part("a", 7, peer % 2 == 0 ? wire::complete_ppm : 500'000)});
    }
    std::vector<Numbers> samples;
    for (auto const* asker : {"one", "one", "another"}) {
        samples.push_back(Simulated::numbers(world.find(swarm(7), asker)));
        REQUIRE(samples.back().size() == wire::limits::swarm_sources);
    }
    for (std::size_t i = 0; i < samples.size(); ++i) {
        auto const& a = samples[i];
        auto const& b = samples[(i + 1) % samples.size()];
        Numbers common;
        std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(common));
        CHECK(common.size() < 20);  // 4 on average; the standard deviation is 2
    }
}

TEST_CASE("exactly as many sources as the limit are all told") {
    tracker::Directory::Limits limits;
    limits.found_sources = 8;
    Simulated world(limits);
    for (std::uint32_t peer = 1; peer <= 8; ++peer) {
        world.join(peer, {file("a")});
    }
    CHECK(world.sources_of("a").size() == 8);
}

TEST_CASE("a peer of 100,000 files goes in steps, and others' finds are answered meanwhile") {
    Simulated world;
    world.join(1);
    world.join(2, {file("mine", 7)});
    std::uint64_t sequence = 0;
    for (std::uint32_t i = 0; i < 100; ++i) {
        std::vector<wire::FileEntry> files;
        for (std::uint32_t k = 0; k < 1000; ++k) {
            files.push_back(file("dir/" + std::to_string(i * 1000 + k), i * 1000 + k));
        }
        world.update(1, ++sequence, std::move(files));
        REQUIRE(world.sources_of("mine") == Numbers{2});
    }
    CHECK(world.directory.stats()[Counter::files] == 100'001);
    CHECK(world.sources_of("dir/54321") == Numbers{1});
    world.send(route_of(1), wire::Leave{});
    int steps = 0;
    while (world.directory.stats()[Counter::files] > 1) {
        REQUIRE(world.directory.next_deadline());
        REQUIRE(*world.directory.next_deadline() <= world.now);
        world.directory.on_tick(world.now);
        CHECK(world.sources_of("dir/54321").empty());
        CHECK(world.sources_of("mine") == Numbers{2});
        ++steps;
    }
    CHECK(steps > 5);
    CHECK(steps < 100);
    CHECK(world.directory.stats()[Counter::versions] == 1);
    CHECK(*world.directory.next_deadline() > world.now);
}

TEST_CASE("a peer that comes back while its old files are still cleared away is found anew") {
    tracker::Directory::Limits limits;
    limits.clear_step = 10;
    Simulated world(limits);
    world.join(1, numbered(100));
    world.send(route_of(1), wire::Leave{});
    world.join(1, {file("file-10050", 50)});
    CHECK(world.names_over_pages(glob("*")) == Names{"file-10050"});
    CHECK(world.find("file-10050").files.at(0).source_count == 1);
    world.pass(1ns);
    CHECK(world.directory.stats()[Counter::versions] == 1);
    CHECK(world.directory.stats()[Counter::files] == 1);
}
