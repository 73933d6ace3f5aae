#pragma once

#include "crowd/listener.hpp"
#include "crowd/loop.hpp"
#include "crowd/zmtp.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <queue>
#include <string>
#include <utility>
#include <vector>

namespace xfsbus::bench {

/// A connection to the tracker on a loop. What it gets is told; Pings are answered.
class Line {
  public:
    /// `from`: the address of this machine that the tracker sees.
    Line(Loop& loop, wire::Endpoint const& tracker, std::string const& from,
         Zmtp::OnMessage on_message);
    ~Line();
    Line(Line const&) = delete;
    Line& operator=(Line const&) = delete;

    void send(wire::Message const& message, std::uint64_t request = 0);

    /// What did not fit the kernel's buffer before.
    void flush() { zmtp_.flush(); }

    [[nodiscard]] bool ended() const { return ended_; }

    /// Pings that came.
    [[nodiscard]] std::uint64_t pings() const { return pings_; }

  private:
    void read();

    Loop& loop_;
    Zmtp zmtp_;
    Zmtp::OnMessage on_message_;
    bool ended_ = false;
    bool reading_ = false;  ///< what is sent meanwhile goes out together
    std::uint64_t pings_ = 0;
};

/// The names that a fake peer shares, by their number; made when they are sent, since a hundred
/// thousand of them are not kept.
struct Names {
    std::size_t count = 0;
    std::function<std::string(std::size_t)> name;
};

/// A registered peer that shares names and serves nothing.
class FakePeer {
  public:
    /// `port`: where something listens on its host.
    FakePeer(Loop& loop, wire::Endpoint const& tracker, std::uint32_t number, std::uint16_t port,
             Names names);

    void heartbeat();

    [[nodiscard]] bool listed() const { return listed_; }

    [[nodiscard]] std::chrono::milliseconds heartbeat_every() const { return heartbeat_every_; }

    [[nodiscard]] std::uint64_t failures() const { return failures_; }

    [[nodiscard]] Line& line() { return line_; }

    /// The loopback address of the one with this number: each is a host of its own.
    static std::string host_of(std::uint32_t number);

  private:
    void on_message(wire::Envelope const& envelope);
    void send_list();

    Names names_;
    std::size_t sent_ = 0;
    std::uint64_t epoch_ = 0;
    std::uint64_t sequence_ = 0;
    std::uint64_t failures_ = 0;
    std::chrono::milliseconds heartbeat_every_{0};
    bool listed_ = false;
    Line line_;
};

/// Many of them, who send their heartbeats as the tracker wants them.
class Crowd {
  public:
    using NamesOf = std::function<Names(std::uint32_t number)>;

    Crowd(Loop& loop, wire::Endpoint tracker, NamesOf names);

    /// So many peers, all of them listed. Throws std::runtime_error if that does not come about.
    void grow(std::size_t count);

    /// Answers that were a Failure, connections that have ended, and Pings.
    [[nodiscard]] std::uint64_t failures() const;
    [[nodiscard]] std::uint64_t ended() const;
    [[nodiscard]] std::uint64_t pings() const;

    /// Where they say that they listen.
    [[nodiscard]] std::uint16_t port() const { return listener_.port(); }

  private:
    void turn();
    void add();

    void schedule(std::size_t peer, Clock::time_point when) { due_.emplace(when, peer); }

    using Due = std::pair<Clock::time_point, std::size_t>;

    Loop& loop_;
    wire::Endpoint tracker_;
    NamesOf names_;
    Listener listener_;
    std::deque<std::unique_ptr<FakePeer>> peers_;
    std::size_t listed_ = 0;  ///< the first so many
    std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
};

}  // namespace xfsbus::bench
