#include "catch.hpp"

#include <xfsbus/swarm/descriptor_shares.hpp>

using namespace xfsbus::swarm;

namespace {

std::uint64_t taken(DescriptorShares const& shares) {
    return shares.connections + shares.data_connections + 3 * shares.links + 4 * shares.sinks +
           4 * shares.files + 2 * shares.hashers;
}

}  // namespace

TEST_CASE("the shares of descriptors never exceed what there is") {
    for (std::uint64_t limit = 0; limit < 2'000'000; limit += 1 + limit / 50) {
        for (std::uint64_t const open : {3U, 30U, 1000U}) {
            auto const shares = share_descriptors(limit, open);
            if (shares) {
                INFO("limit " << limit << ", open " << open);
                CHECK(open + 35 + taken(*shares) <= limit);
            }
        }
    }
}

TEST_CASE("with few descriptors a peer has one of each, with fewer it does not start") {
    auto const shares = share_descriptors(descriptors_least, 8);
    REQUIRE(shares);
    CHECK(shares->links == 1);
    CHECK(shares->sinks == 1);
    CHECK(shares->files == 1);
    CHECK(shares->connections >= 8);
    CHECK_FALSE(share_descriptors(descriptors_least - 1, 8));
    // A program that has most of them open already.
    CHECK_FALSE(share_descriptors(1000, 950));
}

TEST_CASE("with a thousand descriptors five hundred sinks can wait while some are served") {
    auto const shares = share_descriptors(1024, 8);
    REQUIRE(shares);
    CHECK(shares->connections > 520);
    CHECK(shares->sinks >= 20);
    CHECK(shares->links >= 24);
}
