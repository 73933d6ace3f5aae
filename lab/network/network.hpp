#pragma once

#include "network/max_min.hpp"

#include <xfsbus/wire/time.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace xfsbus::lab::network {

/// A network in virtual time, as flows see it: links with a capacity and a delay, over which
/// connections send, and which all that send share max-min fairly (MaxMin). No packets, no losses,
/// no slow start: a connection has its share at once.
///
/// What one connection is given leaves in that order, one piece after the other. A piece has left
/// in the nanosecond in which its last byte has, and arrives when the delays of the links have
/// passed. The next one begins with what is left of that nanosecond, so that as many bytes arrive
/// as were sent, and a connection that always has something to send loses nothing by roundings. One
/// that has sent all gives the rest of that nanosecond to nobody.
///
/// What happens at one moment is solved together, at the first question for a time after it.
/// Everything is integer arithmetic: the same calls give the same times everywhere.
///
/// One thread. Times never go back. Wrong indices are bugs.
class Network {
  public:
    /// Bytes per second; see rate_of.
    LinkIndex add_link(double bytes_per_second, wire::Duration delay = {});
    void set_capacity(wire::Time now, LinkIndex link, double bytes_per_second);

    /// A connection that passes these links, 1 to route_most, none twice.
    FlowIndex open(std::span<LinkIndex const> route);

    /// Sends another piece, of at least one byte, when those before it have left.
    void send(wire::Time now, FlowIndex flow, std::uint64_t bytes);

    /// Its index may be given to another. What has not left never does.
    void close(wire::Time now, FlowIndex flow);

    /// The first piece of this connection that had not left.
    struct Left {
        FlowIndex flow = 0;
        std::uint64_t bytes = 0;
        wire::Time arrives{};
    };

    /// When the next piece has left; nullopt: nothing is under way.
    std::optional<wire::Time> next();

    /// One piece that has left at `now` or before. It is to be called until there is none before
    /// anything else happens at `now`; no piece may have left before the last call.
    std::optional<Left> take(wire::Time now);

    // ---- answers ----

    /// Bytes per second, after next().
    [[nodiscard]] double rate(FlowIndex flow) const { return bytes_per_second(shares_.rate(flow)); }

    /// Bytes per second of all that pass it, after next().
    [[nodiscard]] double used(LinkIndex link) const { return bytes_per_second(shares_.used(link)); }

    [[nodiscard]] MaxMin const& shares() const { return shares_; }

    /// Of the delays of its links.
    [[nodiscard]] wire::Duration delay(FlowIndex flow) const { return flows_[flow].delay; }

  private:
    struct Flow {
        std::vector<std::uint64_t> pieces;  ///< that have not left, as bytes; few
        Volume left = 0;                    ///< of the first; below zero: passed already
        wire::Time since{};                 ///< when so much was left
        Rate rate = 0;
        wire::Duration delay{};
        std::uint32_t plan = 0;  ///< what was planned with another number is not true any more
        bool takes_part = false;
        bool is_touched = false;  ///< it has begun or ended something since the last solving
    };

    struct Planned {
        wire::Time at;
        FlowIndex flow = 0;
        std::uint32_t plan = 0;
    };

    static bool later(Planned const& a, Planned const& b);

    void move_to(wire::Time now);
    void touch(FlowIndex index);
    void settle();
    static void advance(Flow& flow, wire::Time now);
    void plan(FlowIndex index);
    void drop_old_plans();

    [[nodiscard]] bool is_old(Planned const& planned) const {
        return flows_[planned.flow].plan != planned.plan;
    }

    MaxMin shares_;
    std::vector<wire::Duration> delays_;  ///< of links
    std::vector<Flow> flows_;
    std::vector<FlowIndex> touched_;
    std::vector<Planned> planned_;  ///< a heap; what has become old is dropped when it comes up
    wire::Time now_{};
    bool is_solved_ = true;
};

}  // namespace xfsbus::lab::network
