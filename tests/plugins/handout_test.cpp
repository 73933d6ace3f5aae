// What each handout plug-in does for its own part.
#include "catch.hpp"
#include "handouts.hpp"

#include <map>
#include <set>

using namespace xfsbus::policies;
using namespace xfsbus::test;

namespace {

using Ids = std::vector<std::uint64_t>;

HandoutSource part_of(std::uint32_t number, double completeness) {
    auto source = handout_source(number);
    source.flags = 0;
    source.completeness = completeness;
    return source;
}

HandoutSource labelled(std::uint32_t number, char const* labels) {
    auto source = handout_source(number);
    source.labels = labels;
    return source;
}

HandoutSource standing_at(std::uint32_t number, char const* host) {
    auto source = handout_source(number);
    source.host = host;
    return source;
}

HandoutRequest asked_by(std::uint32_t wanted, char const* host, char const* labels) {
    auto request = handout_request(wanted);
    request.asker_host = host;
    request.asker_labels = labels;
    return request;
}

}  // namespace

TEST_CASE("mixed: half of those named are complete, or all that there are of one kind") {
    auto const policy = handout("mixed");
    std::vector sources{handout_source(1), handout_source(2), handout_source(3), handout_source(4),
                        part_of(5, 0.5),   part_of(6, 0.0),   part_of(7, 0.9)};
    CHECK(named(*policy, handout_request(4), sources) == Ids{1, 2, 5, 6});
    CHECK(named(*policy, handout_request(3), sources) == Ids{1, 2, 5});
    CHECK(named(*policy, handout_request(1), sources) == Ids{1});
    sources.pop_back();
    sources.pop_back();
    CHECK(named(*policy, handout_request(4), sources) == Ids{1, 2, 3, 5});
}

TEST_CASE("mixed: the kinds are named among each other, as their draws have it") {
    std::vector<HandoutSource> sources;
    for (std::uint32_t i = 0; i < 8; ++i) {
        sources.push_back(i % 4 == 0 ? handout_source(i) : part_of(i, 0.5));
    }
    CHECK(named(*handout("mixed"), handout_request(4), sources) == Ids{0, 1, 2, 4});
}

TEST_CASE("anysource: all are equal, whatever they have") {
    CHECK(ranks(*handout("anysource"), handout_request(1),
                {handout_source(3), part_of(1, 0.1), part_of(2, 0.0)}) ==
          std::vector{0.0, 0.0, 0.0});
}

TEST_CASE("completefirst: who has more of the file comes first, and of equals whom chance has") {
    CHECK(named(*handout("completefirst"), handout_request(4),
                {part_of(1, 0.2), handout_source(5), part_of(2, 0.7), handout_source(4),
                 part_of(3, 0.0)}) == Ids{4, 5, 2, 1});
}

TEST_CASE("lessbusy: a source that is busy with three is named a quarter as often as an idle one") {
    auto const policy = handout("lessbusy");
    SeededRandom random(1);
    std::map<std::uint64_t, int> first;
    for (int i = 0; i < 10'000; ++i) {
        std::vector sources{handout_source(1), handout_source(2)};
        sources[1].load = 3;
        for (auto& source : sources) {
            source.draw = random.next();
        }
        ++first[named(*policy, handout_request(1), sources).front()];
    }
    // 8,000 of 10,000 on average; the standard deviation is 40.
    CHECK(first[1] > 7'800);
    CHECK(first[1] < 8'200);
}

TEST_CASE("samerack: sources of the asker's rack come first, and the rest after them") {
    auto const policy = handout("samerack:far=0");
    std::vector const sources{labelled(1, "rack=b"), labelled(4, "idc=x,rack=a"),
                              labelled(2, "rack=c"), labelled(3, "rack=a")};
    auto const request = asked_by(3, "198.51.100.1", "rack=a");
    CHECK(named(*policy, request, sources) == Ids{3, 4, 1});
}

TEST_CASE("samerack: without labels a rack is the first three bytes of an IPv4 address") {
    auto const policy = handout("samerack:far=0");
    std::vector const sources{standing_at(1, "10.0.1.5"), standing_at(2, "10.0.0.5"),
                              standing_at(3, "2001:db8::1"), standing_at(4, "10.0.0.6")};
    CHECK(named(*policy, asked_by(2, "10.0.0.9", ""), sources) == Ids{2, 4});
    CHECK(named(*policy, asked_by(2, "10.0.0.9", "rack=a"), sources) == Ids{2, 4});
    // An address of another kind is in nobody's rack.
    CHECK(named(*policy, asked_by(2, "2001:db8::2", ""), sources) == Ids{1, 2});
}

TEST_CASE("samerack: what the labels say counts more than the addresses") {
    auto one = labelled(1, "rack=b");
    one.host = "10.0.0.5";
    auto two = labelled(2, "rack=a");
    two.host = "10.0.1.5";
    CHECK(named(*handout("samerack:far=0"), asked_by(1, "10.0.0.9", "rack=a"), {one, two}) ==
          Ids{2});
}

TEST_CASE("samerack: so many from beyond the rack are named, rather complete ones") {
    auto const policy = handout("samerack:far=2");
    std::vector<HandoutSource> sources;
    for (std::uint32_t i = 0; i < 10; ++i) {
        sources.push_back(labelled(i, "rack=a"));
    }
    for (std::uint32_t i = 10; i < 20; ++i) {
        auto far = i < 19 ? part_of(i, 0.5) : handout_source(i);
        far.labels = "rack=b";
        sources.push_back(far);
    }
    auto const ids = named(*policy, asked_by(6, "198.51.100.1", "rack=a"), sources);
    CHECK(std::set(ids.begin(), ids.end()) == std::set<std::uint64_t>{0, 1, 2, 3, 10, 19});
}
