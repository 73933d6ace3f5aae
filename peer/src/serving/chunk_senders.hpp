#pragma once

#include "net/alarm.hpp"

#include <xfsbus/bus/data.hpp>
#include <xfsbus/swarm/openings.hpp>
#include <xfsbus/swarm/uploads.hpp>
#include <xfsbus/wire/sender.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace xfsbus::peer::serving {

/// The connections over which chunks go to sinks, one to each, and the chunks that wait for them.
/// Reactor thread.
class ChunkSenders {
  public:
    struct Owner {
        /// Whether this transfer is still open: else its chunks are not sent any more.
        std::function<bool(wire::TransferId const&)> is_open;
        /// Whether a transfer to this sink is open.
        std::function<bool(wire::Endpoint const&)> serves;
        /// The connection to it has come about.
        std::function<void(wire::Endpoint const&)> on_connected;
        std::function<void(Error const&)> on_trouble;  ///< one could not be opened
    };

    /// `most`: connections at once.
    ChunkSenders(bus::Reactor& reactor, bus::Security const& security, std::size_t most,
                 Owner owner)
        : reactor_(reactor),
          security_(security),
          most_(most),
          owner_(std::move(owner)),
          alarm_(reactor, [this] { look(); }) {}

    /// Opens a connection to it if there is none; `route`: over which its sink asked. False: none
    /// can be opened, or not now, since too many were (see Openings).
    bool open(wire::Endpoint const& sink, wire::Route const& route);
    [[nodiscard]] bool is_connected(wire::Endpoint const& sink) const;
    /// Why there is no connection, in words, as far as it is known.
    [[nodiscard]] std::string trouble_of(wire::Endpoint const& sink) const;

    /// Sends it, now or when there is room. False: there is no connection, and none is opened.
    bool send(swarm::Uploads::Piece const& piece, bus::Payload payload);

    /// Closes the connection to it, with what waits for it, if no transfer to it is open.
    void close_if_unserved(wire::Endpoint const& sink);

    [[nodiscard]] std::uint64_t bytes_sent() const { return bytes_sent_; }

  private:
    struct Ready {
        swarm::Uploads::Piece piece;
        bus::Payload payload;
    };

    struct Sender {
        std::unique_ptr<bus::ChunkSender> socket;
        std::deque<Ready> ready;
        wire::Time used{};
        bool connected = false;
        std::string trouble{};
    };

    void on_writable(wire::Endpoint const& sink);
    void close_unserved();
    void drain(Sender& sender);
    void look();

    bus::Reactor& reactor_;
    bus::Security security_;
    std::size_t most_;
    Owner owner_;
    swarm::Openings openings_;
    std::map<wire::Endpoint, Sender> senders_;
    std::uint64_t bytes_sent_ = 0;
    net::Alarm alarm_;
};

}  // namespace xfsbus::peer::serving
