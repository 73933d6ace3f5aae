#pragma once

#include <xfsbus/wire/messages.hpp>
#include <xfsbus/wire/time.hpp>

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace xfsbus::peer {

/// Decides whose chunk is read and sent next, and how long a transfer lives. A core: fed with
/// events and the time; it never reads a clock, a socket or the disk.
///
/// Fair between sinks by bytes: the next chunk goes to the sink that was given least so far
/// (start-time fair queueing, Goyal et al. 1996, with equal weights); a sink that was idle, had
/// no credit or did not read begins at the level of the others, so that it cannot claim the past.
/// Within a sink, transfers take turns. What is read ahead is bounded for each sink and in all, so
/// that the decision is made late and a sink that does not read holds up nobody but itself.
class Uploads {
  public:
    struct Limits {
        std::size_t transfers_most = 8192;
        std::size_t transfers_per_sink = 2048;
        std::size_t queued_chunks_most = 4096;  ///< of one transfer
        std::uint64_t ahead_bytes_per_sink = 8 * 1024 * 1024;
        std::size_t ahead_chunks_per_sink = 64;
        /// With so much ahead no chunk is begun. Whether it would fit does not matter: else small
        /// chunks would pass by a large one for ever.
        std::uint64_t ahead_bytes = 48 * 1024 * 1024;
        wire::Duration idle_most = std::chrono::seconds(10);
        /// A chunk of 4 MiB that has not left for its sink after so long: it does not read.
        wire::Duration stuck_most = std::chrono::seconds(60);
    };

    /// The connection that a sink's messages come over; opaque.
    using SinkRoute = std::string;

    /// What the owner knows of a content that is asked for.
    struct Content {
        std::uint64_t bytes = 0;
        std::uint32_t chunk_bytes = 0;
        std::uint32_t chunks = 0;
    };

    /// A chunk to be read and then sent.
    struct Piece {
        wire::TransferId transfer;
        wire::Endpoint sink;
        std::uint32_t chunk = 0;
        std::uint64_t offset = 0;
        std::uint32_t length = 0;
    };

    /// To be sent to a sink over its connection.
    struct Notice {
        SinkRoute route;
        wire::Refused refused;
    };

    explicit Uploads(Limits limits) : limits_(limits) {}

    /// Opens the transfer or adds to it. Returns why it is refused, if it is.
    std::optional<wire::Refused> on_want(wire::Time now, SinkRoute const& route,
                                         wire::Endpoint const& sink, wire::Want const& want,
                                         std::optional<Content> const& content);
    /// Something came over this connection: its transfers live on.
    void on_heard(wire::Time now, SinkRoute const& route);
    /// The sink is done with it. Another's transfer stays.
    void on_close(SinkRoute const& route, wire::TransferId const& transfer);
    /// The connection is gone, and its transfers with it.
    void on_gone(SinkRoute const& route);
    /// Ends transfers of sinks that have been silent for too long, and of those that talk but do
    /// not read: what waits for them would fill the room of the others. They are told.
    std::vector<Notice> on_tick(wire::Time now);

    /// The next chunk to read; nullopt: nobody has credit and room. The caller must end it with
    /// on_done or on_failed.
    std::optional<Piece> next();
    /// Its memory is free again: it was sent, or thrown away because its transfer is over.
    void on_done(Piece const& piece);
    /// It could not be read: the transfer ends; returns whom to tell.
    std::optional<Notice> on_failed(Piece const& piece, wire::ErrorCode code,
                                    std::string const& reason);

    struct Transfer {
        SinkRoute route;
        wire::Endpoint sink;
        wire::ContentId content;
        Content about;
        std::uint64_t credit = 0;
        std::uint64_t granted = 0;  ///< bytes read or being read: counted against credit
        std::deque<std::uint32_t> queue;
    };

    [[nodiscard]] Transfer const* find(wire::TransferId const& transfer) const;

    /// The connections over which transfers are open.
    [[nodiscard]] std::vector<SinkRoute> routes() const;

    /// Whether a transfer to this sink is open.
    [[nodiscard]] bool serves(wire::Endpoint const& sink) const;

    /// Transfers that this peer is busy with as a source.
    [[nodiscard]] std::size_t load() const { return transfers_.size(); }

    [[nodiscard]] std::optional<wire::Time> next_deadline() const;

  private:
    struct Sink {
        std::uint64_t served = 0;  ///< virtual time: bytes given, or the level it joined at
        bool competes = false;     ///< at the last decision it could have been chosen
        std::uint64_t ahead_bytes = 0;
        std::size_t ahead_chunks = 0;
        std::deque<wire::TransferId> turns;  ///< transfers that have something queued
        std::size_t transfers = 0;
        std::uint64_t sent = 0;         ///< pieces that are done
        std::uint64_t sent_before = 0;  ///< at the tick before
        std::optional<wire::Time> stuck_since;
    };

    /// A sink's control connection.
    struct Line {
        wire::Time heard;
        std::size_t transfers = 0;
    };

    [[nodiscard]] bool has_room(Sink const& sink, std::uint32_t length) const;
    [[nodiscard]] std::optional<wire::TransferId> ready(Sink const& sink) const;
    void forget_if_idle(wire::Endpoint const& sink);
    [[nodiscard]] bool is_stuck(wire::Time now, Sink& sink) const;
    template <typename Belongs>
    void end_all(Belongs belongs, std::string const& reason, std::vector<Notice>& notices);
    void end(wire::TransferId const& transfer);

    Limits limits_;
    std::unordered_map<wire::TransferId, Transfer> transfers_;
    std::map<wire::Endpoint, Sink> sinks_;
    std::map<SinkRoute, Line> lines_;  ///< those with transfers
    std::uint64_t level_ = 0;          ///< virtual time of the last decision
    std::uint64_t ahead_bytes_ = 0;
};

}  // namespace xfsbus::peer
