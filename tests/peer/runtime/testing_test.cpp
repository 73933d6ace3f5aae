// What tests of programs that embed a peer are given.
#include "catch.hpp"

#include <xfsbus/testing.hpp>

#include <fstream>
#include <iterator>

using namespace xfsbus;
using namespace std::chrono_literals;

namespace {

std::string content_of(std::filesystem::path const& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

peer::DownloadRequest named(std::string const& name) {
    peer::DownloadRequest request;
    request.name = name;
    return request;
}

}  // namespace

TEST_CASE("In a swarm of this process a file goes from peer to peer, and nothing is left of it") {
    std::filesystem::path directory;
    {
        testing::Swarm swarm(3);
        swarm.share(0, "models/tiny.bin", "weights");
        auto const report = swarm.peer(2).download(named("models/tiny.bin"), {}, 20s);
        REQUIRE(report);
        CHECK_FALSE(report->files.at(0).error);
        CHECK(content_of(swarm.directory(2) / "models/tiny.bin") == "weights");
        CHECK_FALSE(std::filesystem::exists(swarm.directory(1) / "models"));
        directory = swarm.directory(0);
    }
    CHECK_FALSE(std::filesystem::exists(directory));
}

TEST_CASE("A peer of a swarm can be another than the rest, and can go") {
    testing::Swarm swarm(2, [](peer::PeerOptions& options, std::size_t number) {
        options.labels = number == 1 ? "rack=7" : "";
    });
    swarm.share(1, "a.txt", "here");
    auto const found = swarm.peer(0).find("a.txt", 20s);
    REQUIRE(found);
    CHECK(found->at(0).labels == "rack=7");
    swarm.stop(1);
    auto const gone = swarm.peer(0).find("a.txt", 20s);
    REQUIRE_FALSE(gone);
    CHECK(gone.error().code == Errc::not_found);
}

TEST_CASE("A swarm that cannot be is refused with the reason") {
    CHECK_THROWS_WITH(testing::Swarm(1, [](peer::PeerOptions& options,
                                           std::size_t) { options.policy = "libnothing.so"; }),
                      ContainsSubstring("libnothing.so"));
}
