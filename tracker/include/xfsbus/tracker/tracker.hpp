#pragma once

#include <xfsbus/bus/control.hpp>
#include <xfsbus/bus/reactor.hpp>
#include <xfsbus/bus/try_connect.hpp>
#include <xfsbus/policies/handout.hpp>
#include <xfsbus/tracker/counters.hpp>
#include <xfsbus/tracker/directory.hpp>
#include <xfsbus/wire/endpoint.hpp>
#include <xfsbus/wire/log.hpp>
#include <xfsbus/wire/result.hpp>
#include <xfsbus/wire/time.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace xfsbus::tracker {

/// A Directory behind a socket: a whole tracker, to run in a program or within a test.
///
/// It is one thread, the one that calls run(); what is not marked otherwise belongs to it, or to
/// the thread that made the Tracker as long as run() has not begun or has returned.
class Tracker final : private Directory::Outbox {
  public:
    struct Options {
        wire::Endpoint bind{"127.0.0.1", 7470};  ///< port 0: a free one
        std::chrono::milliseconds peer_ttl{3000};
        OnLog log = {};           ///< called on the tracker's thread; may be empty
        std::uint64_t epoch = 0;  ///< 0: chosen at random
        Directory::Limits limits = {};
        /// At once, as far as the limit of descriptors allows; some 28 KiB of memory each.
        std::size_t connections_most = 100'000;
        /// Peers may say that they listen at another address than they connect from.
        bool foreign_hosts = false;
        /// As for set_handout().
        std::shared_ptr<policies::Handout> handout = {};
        /// Is told what each answer names; null: nobody.
        std::shared_ptr<HandoutRecorder> recorder = {};
    };

    /// Binds; messages wait until run(). Errc::network if the address is in use or not this
    /// machine's. Throws std::runtime_error if the system gives no sockets.
    static Result<std::unique_ptr<Tracker>> start(Options options);
    ~Tracker();

    /// Where it listens, with the port it got.
    [[nodiscard]] wire::Endpoint const& endpoint() const { return server_->endpoint(); }

    /// Works until stop(), then logs what it has done.
    void run();

    /// Any thread; also before run().
    void stop() { reactor_.stop(); }

    /// Any thread; from a moment after this call on. Directory::set_handout says what it does; it
    /// is called and destroyed on the tracker's thread. then: called there when it decides.
    void set_handout(std::shared_ptr<policies::Handout> handout, std::function<void()> then = {});

    /// Any thread: as it is after the last event.
    [[nodiscard]] Counters stats() const;

  private:
    explicit Tracker(Options const& options);

    Status bind(wire::Endpoint const& endpoint, std::size_t connections_most);
    void on_message(wire::Sender const& sender, wire::Envelope const& envelope);
    void on_garbage(wire::Sender const& sender, wire::DecodeError const& error);
    void settle();
    void arm();
    void tick();
    void log(LogEvent const& event) const;

    Sent send(wire::Route const& route, wire::Message const& message,
              std::uint64_t request) override;
    [[nodiscard]] bool tells_end(wire::Route const& route) const override;
    void on_peer(Directory::PeerChange const& change) override;
    void try_to_reach(Directory::PeerChange const& change);

    bus::Reactor reactor_;
    OnLog log_;
    std::shared_ptr<HandoutRecorder> recorder_;
    Directory directory_;
    bus::ConnectionTrials trials_;
    bool foreign_hosts_;
    std::unique_ptr<bus::ControlServer> server_;
    std::optional<wire::Time> armed_;  ///< when the timer will go off
    bus::Reactor::TimerId timer_{};
    std::uint64_t garbage_ = 0;
    mutable std::mutex stats_mutex_;
    Counters stats_;
};

}  // namespace xfsbus::tracker
