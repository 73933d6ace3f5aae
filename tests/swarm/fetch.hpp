#pragma once

#include "catch.hpp"
#include "chunk_sets.hpp"
#include "ranks.hpp"

#include <xfsbus/policies/host/seeded_random.hpp>
#include <xfsbus/policies/load_latency.hpp>
#include <xfsbus/swarm/download.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

namespace xfsbus::swarm::test {

using namespace std::chrono_literals;

inline constexpr wire::Duration tick{1};  ///< the least step of time

inline SourceId source(std::uint64_t number) {
    return SourceId{number};
}

/// So many chunks of 100 bytes, the last one of 40.
inline Download::File file_of(std::uint32_t chunks) {
    return {chunks == 0 ? 0 : chunks * 100ULL - 60, 100, chunks};
}

/// So many sources at a time, and room for two chunks at each, however quick it is.
inline Download::Limits limits_of(std::size_t sources = 1, std::uint64_t window = 200) {
    Download::Limits limits;
    limits.sources_most = sources;
    limits.window_most = window;
    return limits;
}

/// All of so many chunks but the last ones.
inline Chunks all_but(std::uint32_t chunks, std::uint32_t last) {
    Chunks first(chunks - last);
    std::iota(first.begin(), first.end(), 0U);
    return first;
}

/// A Download in simulated time, and what it wanted done. The chunks are asked for in the order of
/// the file, unless another head is said.
class Fetch {
  public:
    explicit Fetch(Download::File its_file, Download::Limits its_limits = limits_of(),
                   policies::PeerSelector* selector = nullptr, std::uint32_t head = 1'000'000,
                   Chunks const& here = {})
        : file(its_file),
          limits(its_limits),
          content_({}, file, set_of(file.chunks, here)),
          order_(head),
          core(content_, limits, {selector != nullptr ? *selector : load_latency_, order_},
               random_.rng()) {}

    /// These chunks are there from the start.
    Fetch(Download::File its_file, Download::Limits its_limits, Chunks const& here,
          policies::PeerSelector* selector = nullptr)
        : Fetch(its_file, its_limits, selector, 1'000'000, here) {}

    wire::Time now{1000s};
    Download::File file;
    Download::Limits limits;

  private:
    ContentState content_;
    policies::LoadLatency load_latency_;
    Ranks order_;
    policies::SeededRandom random_{1};

  public:
    Download core;

    // ---- done by the core since forget() ----
    std::map<std::uint64_t, Chunks> asked;
    std::map<std::uint64_t, std::uint64_t> credit;
    Chunks opened;  ///< sources that were asked for no chunk, so that they tell what they have
    Chunks probed;
    std::map<std::uint64_t, Chunks> spared;
    Chunks dropped;
    Chunks forgotten;    ///< of these, for good
    bool taken = false;  ///< whether the source that was added last was
    int searches = 0;

    void take() {
        auto const actions = core.take_actions();
        for (auto const& ask : actions.asks) {
            auto const number = static_cast<std::uint64_t>(ask.source);
            if (ask.chunks.empty()) {
                opened.push_back(static_cast<std::uint32_t>(number));
                continue;
            }
            auto& chunks = asked[number];
            chunks.insert(chunks.end(), ask.chunks.begin(), ask.chunks.end());
            credit[number] = ask.credit;
        }
        for (auto const& probe : actions.probes) {
            probed.push_back(static_cast<std::uint32_t>(probe.source));
        }
        for (auto const& spare : actions.spares) {
            auto& chunks = spared[static_cast<std::uint64_t>(spare.source)];
            chunks.insert(chunks.end(), spare.chunks.begin(), spare.chunks.end());
        }
        for (auto const& drop : actions.drops) {
            dropped.push_back(static_cast<std::uint32_t>(drop.source));
            if (drop.for_good) {
                forgotten.push_back(static_cast<std::uint32_t>(drop.source));
            }
        }
        searches += actions.search ? 1 : 0;
    }

    void forget() {
        asked.clear();
        credit.clear();
        opened.clear();
        probed.clear();
        spared.clear();
        dropped.clear();
        forgotten.clear();
        searches = 0;
    }

    // ---- events ----
    /// The lower its number, the better the source: so many ms it is away.
    void add(std::uint64_t number, double completeness = 1) {
        taken = core.add_source(now, {source(number), "peer-" + std::to_string(number), "",
                                      static_cast<double>(number), 0, completeness});
        take();
    }

    void start(std::vector<std::uint64_t> const& sources) {
        for (auto const number : sources) {
            add(number);
        }
        core.start(now);
        take();
    }

    /// Takes what was wanted so far for granted.
    void begin(std::vector<std::uint64_t> const& sources) {
        start(sources);
        forget();
    }

    /// All that the source has, as it says.
    void has(std::uint64_t number, Chunks const& chunks) {
        core.on_word(now, source(number), have_of(set_of(file.chunks, chunks)));
        take();
    }

    void gain(std::uint64_t number, Chunks const& chunks) {
        core.on_word(now, source(number), gained_of(chunks));
        take();
    }

    Download::Verdict arrive(std::uint64_t number, std::uint32_t chunk) {
        bool const exists = chunk < file.chunks;
        auto const verdict =
            core.on_chunk(now, source(number), chunk, exists ? file.offset(chunk) : 0,
                          exists ? file.length(chunk) : 0);
        take();
        return verdict;
    }

    void deliver(std::uint64_t number, std::uint32_t chunk) {
        INFO("chunk " << chunk << " of source " << number);
        REQUIRE(arrive(number, chunk) == Download::Verdict::take);
        store(number, chunk);
    }

    void store(std::uint64_t number, std::uint32_t chunk) {
        core.on_checked(now, source(number), chunk, Download::Check::stored);
        take();
    }

    void corrupt(std::uint64_t number, std::uint32_t chunk) {
        REQUIRE(arrive(number, chunk) == Download::Verdict::take);
        reject(number, chunk);
    }

    void reject(std::uint64_t number, std::uint32_t chunk) {
        core.on_checked(now, source(number), chunk, Download::Check::corrupt);
        take();
    }

    void refuse(std::uint64_t number, wire::ErrorCode code) {
        core.on_word(now, source(number), wire::Refused{{}, code, "no"});
        take();
    }

    void pong(std::uint64_t number) {
        core.on_word(now, source(number), Download::Vitals{0, static_cast<double>(number)});
        take();
    }

    void lose(std::uint64_t number) {
        core.on_word(now, source(number), wire::Refused{{}, wire::ErrorCode::closed, "went away"});
        take();
    }

    void search_done() {
        core.on_search_done(now);
        take();
    }

    void pass(wire::Duration duration) {
        now += duration;
        core.on_tick(now);
        take();
    }

    /// Lets so much time pass while these sources answer, but send nothing.
    void stall(wire::Duration duration, std::vector<std::uint64_t> const& sources) {
        auto const end = now + duration;
        while (now < end) {
            for (auto const number : sources) {
                pong(number);
            }
            pass(std::min<wire::Duration>(1s, end - now));
        }
    }

    [[nodiscard]] Errc failure() const {
        auto const failure = progress().failure;
        REQUIRE(failure);
        return failure->code;
    }

    [[nodiscard]] bool complete() const { return content_.complete(); }

    /// nullptr: it is not known.
    [[nodiscard]] DownloadSource const* known(std::uint64_t number) const {
        return find(core.sources().all(), source(number));
    }

    [[nodiscard]] Download::Progress progress() const { return core.progress(now); }

    [[nodiscard]] std::string state_of(std::uint64_t number) const {
        auto const* const it = known(number);
        return it != nullptr ? report_of(*it, now).state : "unknown";
    }

    /// Chunks asked of this source and not settled.
    [[nodiscard]] Chunks outstanding(std::uint64_t number) const {
        Chunks chunks;
        if (auto const* const it = known(number)) {
            for (auto const& [chunk, since] : it->asked) {
                chunks.push_back(chunk);
            }
        }
        return chunks;
    }
};

}  // namespace xfsbus::swarm::test
