#pragma once

#include "catch.hpp"
#include "core/download.hpp"

#include <xfsbus/policies/host/seeded_random.hpp>
#include <xfsbus/policies/load_latency.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace xfsbus::peer::test {

using namespace std::chrono_literals;

using Chunks = std::vector<std::uint32_t>;
inline constexpr wire::Duration tick{1};  ///< the least step of time

inline SourceId source(std::uint64_t number) {
    return SourceId{number};
}

/// So many chunks of 100 bytes, the last one of 40.
inline Download::File file_of(std::uint32_t chunks) {
    return {chunks == 0 ? 0 : chunks * 100ULL - 60, 100, chunks};
}

/// One source at a time, and room for four chunks.
inline Download::Limits limits_of(std::size_t sources = 1, std::uint64_t window = 400) {
    Download::Limits limits;
    limits.sources_most = sources;
    limits.window_bytes = window;
    return limits;
}

/// A Download in simulated time, and what it wanted done.
class Fetch {
  public:
    explicit Fetch(Download::File its_file, Download::Limits its_limits = limits_of(),
                   policies::PeerSelector* selector = nullptr)
        : file(its_file),
          limits(its_limits),
          core(file, limits, selector != nullptr ? *selector : load_latency_, random_.rng()) {}

    wire::Time now{1000s};
    Download::File file;
    Download::Limits limits;

  private:
    policies::LoadLatency load_latency_;
    policies::SeededRandom random_{1};

  public:
    Download core;

    // ---- done by the core since forget() ----
    std::map<std::uint64_t, Chunks> asked;
    std::map<std::uint64_t, std::uint64_t> credit;
    Chunks probed;
    Chunks dropped;
    int searches = 0;

    void take() {
        auto const actions = core.take_actions();
        for (auto const& ask : actions.asks) {
            auto& chunks = asked[static_cast<std::uint64_t>(ask.source)];
            chunks.insert(chunks.end(), ask.chunks.begin(), ask.chunks.end());
            credit[static_cast<std::uint64_t>(ask.source)] = ask.credit;
        }
        for (auto const& probe : actions.probes) {
            probed.push_back(static_cast<std::uint32_t>(probe.source));
        }
        for (auto const& drop : actions.drops) {
            dropped.push_back(static_cast<std::uint32_t>(drop.source));
        }
        searches += actions.search ? 1 : 0;
    }

    void forget() {
        asked.clear();
        credit.clear();
        probed.clear();
        dropped.clear();
        searches = 0;
    }

    // ---- events ----
    /// The lower its number, the better the source.
    void add(std::uint64_t number) {
        core.add_source(now, {source(number), "peer-" + std::to_string(number), "",
                              static_cast<double>(number), 0, 1});
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
        core.on_stored(now, source(number), chunk);
        take();
    }

    void corrupt(std::uint64_t number, std::uint32_t chunk) {
        REQUIRE(arrive(number, chunk) == Download::Verdict::take);
        core.on_corrupt(now, source(number), chunk);
        take();
    }

    void refuse(std::uint64_t number, wire::ErrorCode code) {
        core.on_refused(now, source(number), code, "no");
        take();
    }

    void pong(std::uint64_t number) {
        core.on_pong(now, source(number), 0, static_cast<double>(number));
        take();
    }

    void lose(std::uint64_t number) {
        core.on_lost(now, source(number));
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
        REQUIRE(core.failure().has_value());
        return core.failure()->code;
    }

    [[nodiscard]] std::string state_of(std::size_t index) const {
        return core.sources().at(index).state;
    }
};

}  // namespace xfsbus::peer::test
