#pragma once

#include <xfsbus/wire/sender.hpp>
#include <xfsbus/wire/time.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace xfsbus::bus {

/// The accounts of a socket's connections, and the rules by which one is cut, so that no stranger
/// can fill the process: libzmq's own bounds count messages, not bytes, and a message of many
/// frames is not bounded by them at all. A core: fed with what happens, it says whom to cut.
///
/// Bytes are those on the wire. What libzmq has read of a connection and not handed over yet is
/// either whole messages, which wait for their turn, or a message that has not ended.
class Connections {
  public:
    struct Limits {
        std::size_t most = 4096;  ///< at once
        /// A message that is longer, with all that goes with it on the wire, never ends.
        std::uint64_t message_bytes = 0;
        /// For one message; nobody needs longer.
        wire::Duration message_time = std::chrono::seconds(30);
        /// Of all connections of a host together, in messages that have not ended. In memory it
        /// can be 32 times as much: an empty frame takes 2 bytes on the wire.
        std::uint64_t unended_bytes_per_host = 2 * 1024 * 1024;
        /// Of all connections together, that came in and were not handed over yet.
        std::uint64_t waiting_bytes = 64 * 1024 * 1024;
        /// Sent to one connection and not received by it: it is crowded beyond.
        std::uint64_t unread_bytes = 1024 * 1024;
        /// Of all connections together; beyond, each may have the following.
        std::uint64_t unread_bytes_of_all = 32 * 1024 * 1024;
        std::uint64_t unread_bytes_then = 64 * 1024;
    };

    enum class Why {
        too_many,     ///< there is no room for more connections
        endless,      ///< it sends a message that does not end
        waiting,      ///< more came in than this process takes
        not_reading,  ///< it does not read what it is sent
    };

    struct Cut {
        int fd = -1;
        std::uint64_t cookie = 0;  ///< see tcp.hpp
        Why why{};
        std::string host;
    };

    explicit Connections(Limits limits) : limits_(limits) {}

    /// Of a message, and of those that have not ended of a host's connections together.
    void expect(std::uint64_t message_bytes, std::uint64_t unended_bytes_per_host) {
        limits_.message_bytes = message_bytes;
        limits_.unended_bytes_per_host = unended_bytes_per_host;
    }

    // ---- what happens ----

    /// Returns the route of the one before that had this number, if its end was not told.
    wire::Route opened(int fd, std::uint64_t cookie, std::string host, wire::Time now);
    /// The first message came by this route, which stands for the connection from now on.
    void joined(int fd, wire::Route const& route);
    /// Returns its route; empty if it has none.
    wire::Route closed(int fd);
    /// A whole message was handed over.
    void delivered(int fd, std::uint64_t bytes, wire::Time now);
    /// It has sent what was asked of it: what it has not ended counts no more with its host's.
    void trust(int fd);
    void sent(int fd, std::uint64_t bytes);

    /// All that had come in was handed over, or a message of each connection that had one.
    void had_their_turn() { ++turn_; }

    void sampled(int fd, std::uint64_t read, std::uint64_t acked);
    /// For what its owner knows of it.
    void give_up(int fd, Why why);
    /// To be called after all were sampled: cuts those that break a rule.
    void judge(wire::Time now);

    // ---- answers ----

    [[nodiscard]] std::vector<Cut> take_cuts() { return std::exchange(cuts_, {}); }

    /// It has been sent far more than it has received.
    [[nodiscard]] bool crowded(int fd) const;

    [[nodiscard]] std::optional<int> fd_of(wire::Route const& route) const;

    /// One of them may be sending a message that does not end: it is to be judged again soon.
    [[nodiscard]] bool suspects() const { return suspects_; }

    [[nodiscard]] std::size_t size() const { return accounts_.size(); }

    [[nodiscard]] std::vector<int> descriptors() const;

    [[nodiscard]] static char const* describe(Why why);

  private:
    struct Account {
        std::uint64_t cookie = 0;
        std::string host;
        wire::Route route;
        bool cut = false;
        wire::Time heard{};  ///< when its last message was handed over, or it was opened
        bool spoke = false;
        bool trusted = false;
        std::uint64_t delivered = 0;
        std::uint64_t read = 0;
        std::uint64_t out = 0;
        std::uint64_t acked = 0;
        // At the last judgement.
        std::uint64_t delivered_then = 0;
        std::uint64_t turn_then = 0;
        std::optional<wire::Time> unended_since{};

        /// Read by libzmq and not handed over.
        [[nodiscard]] std::uint64_t inside() const { return read - std::min(read, delivered); }

        /// What was inside at an earlier judgement was no whole message: it would have come.
        [[nodiscard]] bool unended(wire::Time now) const {
            return unended_since && *unended_since < now;
        }

        [[nodiscard]] std::uint64_t unread() const { return out - std::min(out, acked); }
    };

    void make_room();
    void note_unended(Account& account, wire::Time now) const;
    void judge_hosts(wire::Time now);
    void judge_waiting();
    void cut(int fd, Account& account, Why why);

    Limits limits_;
    std::unordered_map<int, Account> accounts_;    // by descriptor
    std::unordered_map<wire::Route, int> routes_;  // their descriptors
    std::size_t open_ = 0;                         ///< those that are not cut
    std::uint64_t turn_ = 1;
    bool suspects_ = false;
    bool crowd_ = false;  ///< all of them together have too much unread
    std::vector<Cut> cuts_;
};

}  // namespace xfsbus::bus
