#pragma once

#include <xfsbus/swarm/content_state.hpp>
#include <xfsbus/wire/file_layout.hpp>
#include <xfsbus/wire/ids.hpp>
#include <xfsbus/wire/time.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <unordered_map>
#include <vector>

namespace xfsbus::swarm {

/// What this peer offers of each content to the sinks that have a transfer open, and how often each
/// chunk has left it. Part of Uploads.
///
/// Who has a part offers what it has, as it grows. Who has the whole, and several sinks at once,
/// offers each chunk to one sink, just in time to be asked for it and to send it, until each has
/// left once: so it sends nothing twice while the sinks can get it from each other. (Known as
/// super-seeding, BitTorrent's BEP 16.) What a sink says that it has counts as having left, whoever
/// sent it.
///
/// What was dealt to a sink that does not move is dealt to others, too, and it is dealt nothing
/// more until it moves: a sink that takes nothing takes nothing from anybody.
///
/// A sink that waits for something anyway is told of what is gained more seldom: in a swarm most
/// messages are such news, from everybody to everybody.
class SwarmOffers {
  public:
    /// What is here, as it is now.
    using Content = std::shared_ptr<ContentState const>;

    /// What is to be told about one transfer.
    struct Told {
        wire::TransferId transfer;
        bool replaces = false;  ///< what was told before is not offered any more
        ChunkSet has;           ///< if it replaces
        std::vector<std::uint32_t> gained;
    };

    /// How often each chunk of a content has left. Those who say at once that they have all cost
    /// one step.
    class Copies {
      public:
        [[nodiscard]] std::uint32_t operator[](std::uint32_t chunk) const {
            return of_all_ + (of_each_.empty() ? 0 : of_each_[chunk]);
        }

        void add(std::uint32_t chunk, std::uint32_t chunks) {
            of_each_.resize(chunks);
            ++of_each_[chunk];
        }

        void add_all() { ++of_all_; }

      private:
        std::uint32_t of_all_ = 0;
        std::vector<std::uint32_t> of_each_;  ///< besides; empty as long as it would be all 0
    };

    /// What is known of a transfer; stands as long as it is open.
    struct View {
        ContentState const* here = nullptr;
        /// What its sink has asked for and was not sent since, nor has from elsewhere.
        ChunkSet const* awaited = nullptr;
        Copies const* copies = nullptr;  ///< that have left, since there have been sinks of it
    };

    explicit SwarmOffers(std::uint64_t seed) : random_(seed) {}

    /// `swarm`: the sink wants to be told.
    View open(wire::Time now, wire::TransferId const& transfer, Content const& content, bool swarm);
    void close(wire::TransferId const& transfer);

    /// A content has gained this chunk, just now.
    void gained(wire::ContentId const& content, std::uint32_t chunk);
    /// What the sink of this transfer has, of the same content; adds to what is known. Costs what
    /// is new in it, and a step for each 64 chunks.
    void sink_has(wire::TransferId const& transfer, ChunkSet const& chunks);
    /// The same in a list.
    void sink_has(wire::TransferId const& transfer, std::vector<std::uint32_t> const& chunks);
    /// The sink of this transfer wants it. False: it waits for it already.
    bool asked(wire::TransferId const& transfer, std::uint32_t chunk);

    /// It is on its way to this sink.
    void sent(wire::Time now, wire::TransferId const& transfer, std::uint32_t chunk);

    /// Those that are open of a content.
    [[nodiscard]] std::vector<wire::TransferId> transfers_of(wire::ContentId const& content) const;

    /// Memory that a transfer of a content of so many chunks takes here.
    static std::size_t bytes_of(std::uint32_t chunks) {
        return sizeof(Sink) + 2 * ChunkSet::bytes_of(chunks);
    }

    /// Whether take() may have something to say.
    [[nodiscard]] bool pending() const { return !changed_.empty(); }

    /// Whether the sink of this transfer lets nothing be sent of what it has asked for.
    using Blocks = std::function<bool(wire::TransferId const&)>;

    /// What has not been told yet; of each transfer at most one. `blocks` is called within.
    std::vector<Told> take(wire::Time now, Blocks const& blocks);

  private:
    struct Served;

    struct Sink {
        wire::TransferId transfer;
        Served* served = nullptr;
        bool swarm = false;
        bool told = false;      ///< what stands now, but for what it has gained
        bool narrowed = false;  ///< it was told of less than what is here
        wire::Time told_at{};
        bool chooses = false;  ///< it is told of all, since we do not know what it needs
        ChunkSet has;
        ChunkSet asked;                     ///< and not sent yet
        std::size_t open = 0;               ///< offers to it that stand
        std::size_t unasked = 0;            ///< of these, for which it has not asked
        std::size_t choice = 2;             ///< the most of these: more the quicker it asks
        bool chose = false;                 ///< it was offered something since that has grown
        bool stirs = false;                 ///< it has asked, got or gained something of late
        bool stands = false;                ///< it does not move: what it holds is others', too
        wire::Time moved{};                 ///< when it last stirred, or could begin to ask
        std::vector<std::uint32_t> gained;  ///< to be told
    };

    /// A chunk that has not left since it was offered to a sink, or asked for by it.
    struct Open {
        Sink* sink = nullptr;
        std::uint32_t chunk = 0;
        wire::Time since{};
    };

    struct Served {
        Content content;
        bool seed = false;             ///< it was all here when its first sink came
        Copies copies;                 ///< of each chunk, that have left
        std::uint32_t never_left = 0;  ///< chunks that are here and have no copies
        bool changed = false;          ///< something may have to be told
        bool narrow = false;
        std::vector<std::uint32_t>
            fresh;               ///< while narrow: never left, offered to nobody; shuffled
        std::vector<Open> open;  ///< while narrow: the other ones that never left
        ChunkSet in_open;        ///< the chunks of these
        std::vector<Sink*> sinks;
        std::size_t swarm_sinks = 0;
        std::size_t next_sink = 0;  ///< whose turn it is to be offered a chunk
        wire::Time told{};          ///< when its sinks were last told
        std::uint32_t sent = 0;
        wire::Time first_sent{};
        wire::Time last_sent{};
        wire::Duration interval{};  ///< from one chunk that leaves to the next, usually
    };

    [[nodiscard]] static bool is_told_enough(Served const& served, wire::Time now);
    [[nodiscard]] static bool narrows(Served const& served, wire::Time now);
    static void note_interval(Served& served, wire::Time now);
    static void note_copy(Served& served, std::uint32_t chunk);
    static bool note_has(Sink& sink, std::uint32_t chunk);
    void note_change(Served& served);
    void note_use(Served& served);
    void set_narrow(Served& served, bool narrow);
    static void hold_open(Served& served, Open open);
    static void see_moves(wire::Time now, Served& served, Blocks const& blocks);
    static void settle_open(wire::Time now, Served& served);
    static void take_back(Open const& open);
    void deal(wire::Time now, Served& served);
    static void offer(wire::Time now, Sink& sink, std::uint32_t chunk);
    [[nodiscard]] std::optional<std::uint32_t> next_for(Sink& sink, std::uint32_t& looks);
    [[nodiscard]] std::optional<Told> news_of(wire::Time now, Sink& sink);

    std::mt19937_64 random_;
    std::unordered_map<wire::TransferId, Sink> sinks_;
    std::map<wire::ContentId, Served> served_;
    std::vector<Served*> changed_;  ///< contents of which something may have to be told
};

}  // namespace xfsbus::swarm
