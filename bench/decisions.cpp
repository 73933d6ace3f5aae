/// What the decisions of a peer-selection policy cost: a download of CHUNKS chunks from SOURCES
/// sources that deliver in turn, in simulated time, without a network or a disk.
///
///     xfs-bench-decisions PLUGIN_DIRECTORY POLICY [SOURCES [CHUNKS]]
///
/// Prints one JSON object: decisions a chunk; nanoseconds of a decision within the policy; and
/// nanoseconds of the whole engine a chunk, which has to show the sources to it.
#include <xfsbus/policies/host/selector_factory.hpp>
#include <xfsbus/policies/rarest.hpp>
#include <xfsbus/swarm/download.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

using namespace xfsbus;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// Has the sources deliver one chunk each in turn, until all are here. Returns the time it took.
std::chrono::nanoseconds fetch(swarm::Download& download, swarm::ContentState const& content,
                               std::uint64_t sources) {
    auto const& file = content.layout();
    wire::Time now{1000s};
    for (std::uint64_t id = 1; id <= sources; ++id) {
        download.add_source(now, {.id = swarm::SourceId{id},
                                  .endpoint = "192.0.2.1:7000",
                                  .labels = "rack=1",
                                  .latency_ms = static_cast<double>(id),
                                  .load = 1,
                                  .completeness = 1});
    }
    auto const begun = Clock::now();
    download.start(now);
    for (std::uint64_t turn = 0; !content.complete() && !download.progress(now).failure; ++turn) {
        now += 1ms;
        swarm::SourceId const id{1 + turn % sources};
        download.on_word(now, id, swarm::Download::Vitals{1, static_cast<double>(id)});
        auto const* const source = find(download.sources().all(), id);
        if (source != nullptr && !source->asked.empty()) {
            auto const chunk = source->asked.begin()->first;
            static_cast<void>(
                download.on_chunk(now, id, chunk, file.offset(chunk), file.length(chunk)));
            download.on_checked(now, id, chunk, swarm::Download::Check::stored);
        } else {
            download.on_tick(now);
        }
        download.take_actions();
    }
    return Clock::now() - begun;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        std::fputs("usage: xfs-bench-decisions PLUGIN_DIRECTORY POLICY [SOURCES [CHUNKS]]\n",
                   stderr);
        return 2;
    }
    auto const sources = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 24;
    auto const chunks = static_cast<std::uint32_t>(argc > 4 ? std::atoi(argv[4]) : 20'000);
    constexpr std::uint32_t chunk_bytes = 1024 * 1024;
    wire::FileLayout const file{std::uint64_t{chunks} * chunk_bytes, chunk_bytes, chunks};
    policies::GuardOptions guard;
    guard.strict = true;
    guard.clock = [] { return Clock::now().time_since_epoch(); };
    auto const policy = policies::load_peer_selector(policies::parse_plugin_spec(argv[2]),
                                                     policies::PluginPath({argv[1]}))
                            ->make(1, guard);
    policies::RankerOf<policies::Rarest> order;
    policies::SeededRandom random(1);
    swarm::ContentState content({}, file, swarm::ChunkSet(chunks));
    swarm::Download download(content, {}, {*policy, order}, random.rng());
    auto const took = fetch(download, content, sources);
    auto const& counters = policy->counters();
    auto const picks = static_cast<double>(counters.picks);
    std::printf(R"({"policy": "%s", "sources": %llu, "decisions_per_chunk": %.2f, )"
                R"("policy_ns_per_decision": %.0f, "engine_ns_per_chunk": %.0f})"
                "\n",
                policy->name().c_str(), sources, picks / chunks,
                static_cast<double>(counters.spent.count()) / picks,
                static_cast<double>(took.count()) / chunks);
    return content.complete() ? 0 : 1;
}
