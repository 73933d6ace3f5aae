// What a simulation is told is what happens in it.
#include "../../swarm/simulation/figures.hpp"

#include <map>
#include <numeric>
#include <utility>

using namespace xfsbus;
using namespace xfsbus::swarm::test;
using namespace xfsbus::lab::sim;
using namespace std::chrono_literals;

namespace {

/// Ranks as it is told to.
class Choice final : public policies::UploadChoice {
  public:
    explicit Choice(std::string favourite) : favourite_(std::move(favourite)) {}

    void rank(policies::UploadRequest const&, std::span<policies::UploadSinkView const> sinks,
              std::span<double> ranks) override {
        for (std::size_t i = 0; i < sinks.size(); ++i) {
            ranks[i] = sinks[i].host == favourite_ ? 0 : 1;
        }
    }

  private:
    std::string favourite_;
};

/// The first chunk first.
class InOrder final : public policies::ChunkRanker {
  public:
    void rank(std::span<policies::ChunkView const> chunks, std::span<double> ranks,
              policies::Rng&) override {
        for (std::size_t i = 0; i < chunks.size(); ++i) {
            ranks[i] = chunks[i].chunk;
        }
    }
};

/// Sources with this label first.
class Labelled final : public policies::Handout {
  public:
    void rank(policies::HandoutRequest const&, std::span<policies::HandoutSource const> sources,
              std::span<double> ranks) override {
        for (std::size_t i = 0; i < sources.size(); ++i) {
            ranks[i] = std::string(sources[i].labels) == "chosen=1" ? 0 : 1;
        }
    }
};

}  // namespace

TEST_CASE("what peers send is what peers receive, by peer and by pair of racks") {
    auto rules = rules_of(short_file_chunks, 1ms);
    rules.rack_link = 2 * link_rate;
    Swarm swarm(rules, 1);
    for (std::uint32_t peer = 0; peer < 12; ++peer) {
        swarm.add({.up = link_rate, .down = link_rate, .seed = peer == 0, .rack = peer % 3});
    }
    REQUIRE(swarm.run(600s));
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
    for (Swarm::PeerIndex peer = 0; peer < swarm.size(); ++peer) {
        sent += swarm.peer(peer).bytes_sent;
        received += swarm.peer(peer).bytes_received;
        CHECK((peer == 0 || swarm.peer(peer).bytes_received >= rules.file.bytes));
        CHECK((peer == 0 || swarm.peer(peer).first_chunk < swarm.peer(peer).completed));
        if (peer > 0) {
            CHECK(swarm.peer(peer).first_chunk <= swarm.peer(peer).quarters.at(0));
            CHECK(swarm.peer(peer).quarters.at(0) < swarm.peer(peer).quarters.at(2));
            CHECK(swarm.peer(peer).quarters.at(2) < swarm.peer(peer).completed);
        }
    }
    std::uint64_t stored = 0;
    for (auto const bytes : swarm.figures().stored.bytes()) {
        stored += bytes;
    }
    CHECK(stored == 11 * rules.file.bytes);
    // What is under way when the last one has all is not there yet.
    CHECK(received <= sent);
    CHECK(received == 11 * rules.file.bytes + swarm.figures().bytes_duplicate);
    std::uint64_t between = 0;
    for (auto const& [racks, bytes] : swarm.figures().bytes_between_racks) {
        CHECK(racks.first < 3);
        CHECK(racks.second < 3);
        between += bytes;
    }
    CHECK(between == sent);
    CHECK(swarm.figures().bytes_out_of(0) == swarm.figures().bytes_between_racks.at({0, 1}) +
                                                 swarm.figures().bytes_between_racks.at({0, 2}));
}

TEST_CASE("messages are counted by kind, of whom they come from") {
    Swarm swarm(rules_of(short_file_chunks, 1ms), 1);
    swarm.add(seed_nature);
    auto nature = leecher;
    nature.serves = false;
    swarm.add(3, nature);
    REQUIRE(swarm.run(600s));
    using lab::tally::MessageKind;
    auto const sent = [&](Swarm::PeerIndex peer, MessageKind kind) {
        return swarm.peer(peer).messages.counts[static_cast<std::size_t>(kind)];
    };
    CHECK(sent(0, MessageKind::want) == 0);
    CHECK(sent(0, MessageKind::find) == 0);
    for (auto const peer : leechers(swarm)) {
        CHECK(sent(peer, MessageKind::want) > 0);
        CHECK(sent(peer, MessageKind::find) > 0);
        CHECK(sent(peer, MessageKind::refused) == 0);
        CHECK(sent(peer, MessageKind::announce) == 0);  // it gives nothing on
    }
}

TEST_CASE("what passes between racks passes the core") {
    auto rules = rules_of(short_file_chunks, 1ms);
    rules.core_link = link_rate / 4;
    Swarm swarm(rules, 1);
    swarm.add(seed_nature);
    auto const near = swarm.add({.up = link_rate, .down = link_rate, .serves = false});
    auto const far = swarm.add({.up = link_rate, .down = link_rate, .serves = false, .rack = 1});
    REQUIRE(swarm.run(600s));
    CHECK(makespan(swarm, {far}) >= 4 * alone(rules));
    CHECK(makespan(swarm, {near}) <= 2.2 * alone(rules));
}

TEST_CASE("a latency between two peers is that of all that passes between them") {
    auto rules = rules_of(1, 1ms);
    rules.latency_between = [](Swarm::PeerIndex a, Swarm::PeerIndex b) { return (a + b) * 100ms; };
    Swarm swarm(rules, 1);
    swarm.add(seed_nature);
    auto const near = swarm.add({.up = link_rate, .down = link_rate, .serves = false});
    auto const far = swarm.add({.up = link_rate, .down = link_rate, .serves = false});
    REQUIRE(swarm.run(600s));
    // Asked, and sent: there and back.
    CHECK(swarm.peer(near).completed >= 200ms);
    CHECK(swarm.peer(near).completed <= 300ms);
    CHECK(swarm.peer(far).completed >= 400ms);
    CHECK(swarm.peer(far).completed <= 600ms);
}

TEST_CASE("a latency may differ by the way, and what is asked and sent takes both") {
    auto rules = rules_of(1, 1ms);
    rules.latency_between = [](Swarm::PeerIndex from, Swarm::PeerIndex) {
        return from == 0 ? 10ms : 500ms;
    };
    Swarm swarm(rules, 1);
    swarm.add(seed_nature);
    auto const sink = swarm.add({.up = link_rate, .down = link_rate, .serves = false});
    REQUIRE(swarm.run(600s));
    CHECK(swarm.peer(sink).completed >= 510ms);
    CHECK(swarm.peer(sink).completed <= 600ms);
}

TEST_CASE("an upload choice decides who is served first") {
    auto rules = rules_of(short_file_chunks, 1ms);
    rules.upload_choice = [](Nature const&, std::uint64_t) {
        return std::make_unique<Choice>(endpoint_of(3).host);
    };
    Swarm swarm(rules, 1);
    swarm.add(seed_nature);
    auto nature = leecher;
    nature.serves = false;
    swarm.add(8, nature);
    REQUIRE(swarm.run(600s));
    for (auto const peer : leechers(swarm)) {
        CHECK((peer == 3 || *swarm.peer(3).completed < *swarm.peer(peer).completed));
    }
}

TEST_CASE("a chunk order decides what is asked for first") {
    // A swarm that fetches in order has little to exchange.
    auto const first_completes = [](bool in_order) {
        auto rules = rules_of(short_file_chunks, 1ms);
        std::size_t made = 0;
        if (in_order) {
            rules.chunk_order = [&made](Nature const&, std::uint64_t) {
                ++made;
                return std::make_unique<InOrder>();
            };
        }
        Swarm swarm(rules, 1);
        swarm.add(seed_nature);
        swarm.add(8, leecher);
        REQUIRE(swarm.run(600s));
        CHECK(made == (in_order ? 9U : 0U));
        return swarm.peer(1).completed;
    };
    CHECK(first_completes(true) != first_completes(false));
}

TEST_CASE("a handout decides which sources a tracker names, by how they describe themselves") {
    auto rules = rules_of(short_file_chunks, 1ms);
    rules.download.sources_most = 4;
    rules.handout = [](std::uint64_t) { return std::make_unique<Labelled>(); };
    Swarm swarm(rules, 1);
    for (int i = 0; i < 300; ++i) {
        auto nature = seed_nature;
        nature.labels = i < 64 ? "chosen=1" : "";
        swarm.add(nature);
    }
    auto const sink = swarm.add({.up = link_rate, .down = link_rate, .serves = false}, 1s);
    REQUIRE(swarm.run(600s));
    REQUIRE(swarm.peer(sink).completed);
    for (Swarm::PeerIndex peer = 64; peer < 300; ++peer) {
        CHECK(swarm.peer(peer).bytes_sent == 0);
    }
}
