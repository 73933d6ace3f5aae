#include "serving/chunk_senders.hpp"

#include <utility>

namespace xfsbus::peer::serving {
namespace {

/// A connection that carries nothing is closed.
constexpr auto idle_most = std::chrono::seconds(5);
constexpr auto look_every = std::chrono::seconds(1);

}  // namespace

bool ChunkSenders::open(wire::Endpoint const& sink, wire::Route const& route) {
    if (senders_.contains(sink)) {
        return true;
    }
    if (!openings_.take(reactor_.now(), route, sink.host)) {
        return false;
    }
    if (senders_.size() >= most_) {
        close_unserved();
    }
    auto socket =
        bus::ChunkSender::connect(reactor_, sink, security_, [this, sink] { on_writable(sink); });
    if (!socket) {
        owner_.on_trouble(socket.error());
        return false;
    }
    if (senders_.empty()) {
        alarm_.set(reactor_.now() + look_every);
    }
    senders_.emplace(sink,
                     Sender{.socket = std::move(*socket), .ready = {}, .used = reactor_.now()});
    return true;
}

bool ChunkSenders::is_connected(wire::Endpoint const& sink) const {
    auto const found = senders_.find(sink);
    return found != senders_.end() && found->second.connected;
}

std::string ChunkSenders::trouble_of(wire::Endpoint const& sink) const {
    auto const found = senders_.find(sink);
    return found == senders_.end() ? "" : found->second.trouble;
}

bool ChunkSenders::send(swarm::Uploads::Piece const& piece, bus::Payload payload) {
    if (!open(piece.sink, piece.route)) {
        return false;
    }
    auto& sender = senders_.at(piece.sink);
    sender.ready.push_back({piece, std::move(payload)});
    drain(sender);
    return true;
}

void ChunkSenders::close_if_unserved(wire::Endpoint const& sink) {
    if (!owner_.serves(sink)) {
        senders_.erase(sink);
    }
}

void ChunkSenders::close_unserved() {
    std::erase_if(senders_, [this](auto const& entry) { return !owner_.serves(entry.first); });
}

void ChunkSenders::on_writable(wire::Endpoint const& sink) {
    auto const found = senders_.find(sink);
    if (found == senders_.end()) {
        return;
    }
    drain(found->second);
    if (!std::exchange(found->second.connected, true)) {
        owner_.on_connected(sink);
    }
}

void ChunkSenders::drain(Sender& sender) {
    sender.used = reactor_.now();
    while (!sender.ready.empty()) {
        auto const& [piece, payload] = sender.ready.front();
        if (owner_.is_open(piece.transfer)) {
            if (!sender.socket->send({piece.transfer, piece.chunk, piece.offset}, payload)) {
                return;
            }
            bytes_sent_ += piece.length;
        }
        sender.ready.pop_front();
    }
}

void ChunkSenders::look() {
    for (auto& [sink, sender] : senders_) {
        if (!sender.connected) {
            sender.trouble = sender.socket->trouble();
        }
    }
    std::erase_if(senders_, [this](auto const& entry) {
        bool const idle = reactor_.now() - entry.second.used >= idle_most;
        return idle && !owner_.serves(entry.first);
    });
    if (!senders_.empty()) {
        alarm_.set(reactor_.now() + look_every);
    }
}

}  // namespace xfsbus::peer::serving
