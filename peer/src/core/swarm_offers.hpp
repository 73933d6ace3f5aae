#pragma once

#include "core/chunk_set.hpp"

#include <xfsbus/wire/ids.hpp>
#include <xfsbus/wire/time.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <unordered_map>
#include <vector>

namespace xfsbus::peer {

/// What this peer offers of each content to the sinks that have a transfer open, and how often each
/// chunk has left it. Part of Uploads.
///
/// Who has a part offers what it has, as it grows. Who has the whole, and several sinks at once,
/// offers each sink other chunks, until each has left once: so it sends nothing twice while the
/// sinks can get it from each other. (Known as super-seeding, BitTorrent's BEP 16.) What a sink
/// says that it has counts as having left, whoever sent it.
class SwarmOffers {
  public:
    struct Content {
        std::uint64_t bytes = 0;
        std::uint32_t chunk_bytes = 0;
        std::uint32_t chunks = 0;
        ChunkSet has{};  ///< what is here
    };

    /// What is to be told about one transfer.
    struct Told {
        wire::TransferId transfer;
        bool replaces = false;  ///< what was told before is not offered any more
        ChunkSet has;           ///< if it replaces
        std::vector<std::uint32_t> gained;
    };

    explicit SwarmOffers(std::uint64_t seed) : random_(seed) {}

    /// `swarm`: the sink wants to be told.
    void open(wire::Time now, wire::TransferId const& transfer, wire::ContentId const& id,
              Content const& content, bool swarm);
    void close(wire::TransferId const& transfer);

    /// A chunk of a content has come here.
    void gained(wire::ContentId const& content, std::uint32_t chunk);
    /// What the sink of this transfer has; adds to what is known.
    void sink_has(wire::TransferId const& transfer, std::vector<std::uint32_t> const& chunks);
    /// The sink of this transfer wants it.
    void asked(wire::TransferId const& transfer, std::uint32_t chunk);
    /// It is on its way to this sink.
    void sent(wire::Time now, wire::TransferId const& transfer, std::uint32_t chunk);

    [[nodiscard]] bool has(wire::TransferId const& transfer, std::uint32_t chunk) const;
    /// How often it has left, since there have been sinks of this content.
    [[nodiscard]] std::uint32_t copies(wire::TransferId const& transfer, std::uint32_t chunk) const;

    /// Whether take() may have something to say.
    [[nodiscard]] bool pending() const { return !changed_.empty(); }

    /// What has not been told yet; of each transfer at most one.
    std::vector<Told> take(wire::Time now);

    /// Copies of chunks that left while others of the content had never left.
    [[nodiscard]] std::uint64_t early_copies() const { return early_copies_; }

  private:
    struct Sink {
        wire::ContentId content;
        bool swarm = false;
        bool told = false;      ///< anything yet
        bool narrowed = false;  ///< it was told of less than what is here
        ChunkSet has;
        ChunkSet asked;                     ///< and not sent yet
        ChunkSet offered;                   ///< while narrowed
        std::size_t asked_lately = 0;       ///< since it was last told something
        std::vector<std::uint32_t> gained;  ///< to be told
    };

    struct Served {
        Content about;
        bool seed = false;                    ///< it was all here when its first sink came
        std::vector<std::uint32_t> copies;    ///< of each chunk, that have left
        std::vector<std::uint32_t> asked_by;  ///< sinks that wait for it
        std::uint32_t never_left = 0;         ///< chunks that are here and have no copies
        std::vector<std::uint32_t> fresh;     ///< when narrowing began: never left; shuffled
        bool narrow = false;
        std::vector<wire::TransferId> sinks;
        std::size_t swarm_sinks = 0;
        wire::Time opened{};
        wire::Time last_sent{};
        std::uint32_t sent = 0;
    };

    [[nodiscard]] static bool narrows(Served const& served, wire::Time now);
    static void note_copy(Served& served, std::uint32_t chunk);
    void set_narrow(Served& served, bool narrow);
    [[nodiscard]] std::optional<Told> news_of(wire::TransferId const& id, Served& served);
    static std::vector<std::uint32_t> deal(Sink const& sink, Served& served, std::size_t most);

    std::mt19937_64 random_;
    std::unordered_map<wire::TransferId, Sink> sinks_;
    std::map<wire::ContentId, Served> served_;
    std::set<wire::ContentId> changed_;  ///< contents of which something may have to be told
    std::uint64_t early_copies_ = 0;
};

}  // namespace xfsbus::peer
