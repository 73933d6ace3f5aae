#pragma once

#include "catch.hpp"

#include <xfsbus/swarm/uploads.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

namespace xfsbus::swarm::test {

using namespace std::chrono_literals;
using wire::ErrorCode;

using Chunks = std::vector<std::uint32_t>;
inline constexpr wire::Duration tick{1};  ///< the least step of time

inline wire::TransferId transfer(std::uint32_t number) {
    wire::TransferId id;
    id.bytes[0] = static_cast<std::uint8_t>(number);
    id.bytes[1] = static_cast<std::uint8_t>(number >> 8U);
    return id;
}

inline wire::ContentId content_id(std::uint32_t number) {
    wire::ContentId id;
    id.bytes[0] = static_cast<std::uint8_t>(number);
    id.bytes[1] = static_cast<std::uint8_t>(number >> 8U);
    return id;
}

/// Each hundred of them are of one host.
inline wire::Endpoint sink(std::uint16_t number) {
    return {"10.0.0." + std::to_string(1 + number / 100 % 100), number};
}

using Content = std::shared_ptr<ContentState>;

/// A content of which these chunks are here.
inline Content content_of(std::uint32_t id, wire::FileLayout const& layout, ChunkSet has) {
    return std::make_shared<ContentState>(content_id(id), layout, std::move(has));
}

/// So many chunks of this size, all of them here.
inline Content content(std::uint32_t chunks, std::uint32_t chunk_bytes = 100,
                       std::uint32_t id = 0) {
    return content_of(id, {std::uint64_t{chunks} * chunk_bytes, chunk_bytes, chunks},
                      ChunkSet::full(chunks));
}

inline Chunks all_of(Content const& about) {
    Chunks chunks(about->layout().chunks);
    std::iota(chunks.begin(), chunks.end(), 0U);
    return chunks;
}

/// Of a content with so many chunks, these are here.
inline Content part(Chunks const& here, std::uint32_t chunks = 4) {
    ChunkSet has(chunks);
    for (auto const chunk : here) {
        has.insert(chunk);
    }
    return content_of(0, content(chunks)->layout(), std::move(has));
}

/// What is read ahead does not depend on the rate.
inline Uploads::Limits roomy_limits() {
    Uploads::Limits limits;
    limits.ahead_chunks_least = 10'000;
    limits.turn_time = 0ms;
    return limits;
}

/// So that the figures in tests do not depend on how the product is tuned.
inline Uploads::Limits plain_limits() {
    Uploads::Limits limits;
    limits.ahead_time = 50ms;
    limits.ahead_sinks_least = 1;
    limits.ahead_bytes_moving = limits.ahead_bytes;
    limits.turn_time = 0ms;
    return limits;
}

/// Little is read ahead, but as much as it says, once a rate is known.
inline Uploads::Limits small_limits() {
    Uploads::Limits limits;
    limits.ahead_bytes_per_sink = 400;
    limits.ahead_chunks_per_sink = 4;
    limits.ahead_bytes = 1000;
    limits.ahead_bytes_of_any = 1000;
    limits.ahead_chunks_least = 1;
    limits.ahead_time = 24h;
    limits.turn_time = 0ms;
    return limits;
}

/// Uploads in simulated time. Sink n speaks over route "n"; each transfer is of its own content,
/// unless another is said.
class Source {
  public:
    explicit Source(Uploads::Limits limits = plain_limits()) : core(limits, 1, offers) {}

    SwarmOffers offers{1};
    Uploads core;
    wire::Time now{1000s};
    bool swarm = false;                  ///< sinks want to be told what there is
    bool urgent = false;                 ///< what sinks ask for first
    std::uint16_t serves = 0;            ///< where sinks serve what they have; 0: nowhere
    std::vector<Uploads::Notice> ended;  ///< transfers that gave way to others

    std::optional<ErrorCode> want(std::uint32_t number, std::uint16_t to, Chunks const& chunks,
                                  std::uint64_t credit, Content const& about,
                                  std::optional<std::uint32_t> of = std::nullopt) {
        wire::Want wish;
        wish.transfer = transfer(number);
        wish.content = content_id(of.value_or(number));
        auto& here = contents_[of.value_or(number)];
        if (about && !here) {
            here = content_of(of.value_or(number), about->layout(), about->has());
        }
        wish.port = sink(to).port;
        wish.credit = credit;
        wish.chunks = chunks;
        wish.swarm = swarm;
        wish.serves = serves;
        wish.urgent = urgent;
        auto const taken =
            core.on_want(now, std::to_string(to), sink(to), wish, about ? here : nullptr);
        auto const& refused = taken.refused;
        ended.insert(ended.end(), taken.ended.begin(), taken.ended.end());
        if (refused) {
            CHECK(refused->transfer == transfer(number));
            CHECK_FALSE(refused->reason.empty());
        }
        return refused ? std::optional(refused->code) : std::nullopt;
    }

    /// The content that was wanted last under this number gains a chunk.
    void gain(std::uint32_t of, std::uint32_t chunk) {
        auto const& content = contents_[of];
        if (!content || content->gained(chunk)) {
            offers.gained(content_id(of), chunk);
        }
    }

    /// All chunks of a content.
    void open(std::uint32_t number, std::uint16_t to, Content const& about,
              std::optional<std::uint32_t> of = std::nullopt) {
        REQUIRE_FALSE(want(number, to, all_of(about), about->layout().bytes, about, of));
    }

    /// So that what is read ahead follows the rate, which is as high as can be.
    void know_rate() {
        open(60'000, 60'000, content(1));
        auto const piece = core.next(now);
        REQUIRE(piece);
        done(*piece);
        core.on_word(now, "60000", Uploads::Closed{transfer(60'000)});
    }

    [[nodiscard]] std::size_t load() const { return core.table().transfers.size(); }

    void done(Uploads::Piece const& piece) { core.on_done(now, piece); }

    /// What may be read now.
    std::vector<Uploads::Piece> fill() {
        std::vector<Uploads::Piece> pieces;
        while (auto const piece = core.next(now)) {
            pieces.push_back(*piece);
        }
        return pieces;
    }

    /// Bytes given to each sink by so many decisions, each chunk sent within `takes`.
    std::map<std::uint16_t, std::uint64_t> serve(int decisions, wire::Duration takes = 0s) {
        std::map<std::uint16_t, std::uint64_t> bytes;
        for (int i = 0; i < decisions; ++i) {
            auto const piece = core.next(now);
            if (!piece) {
                break;
            }
            bytes[piece->sink.port] += piece->length;
            now += takes;
            done(*piece);
        }
        return bytes;
    }

  private:
    std::map<std::uint32_t, Content> contents_;
};

}  // namespace xfsbus::swarm::test
