#include "sim/simulated_tracker.hpp"

#include "sim/must.hpp"
#include "sim/transfer_ids.hpp"

#include <cstring>
#include <string>
#include <utility>

namespace xfsbus::lab::sim {
namespace {

constexpr std::uint16_t port = 7000;
constexpr std::uint64_t epoch = 1;

tracker::Directory::Options options_of(std::uint64_t seed) {
    tracker::Directory::Options options;
    options.epoch = epoch;
    options.seed = seed;
    options.peer_ttl = std::chrono::hours(24);  // who goes is forgotten by forget()
    return options;
}

wire::PeerId id_of(PeerIndex peer) {
    wire::PeerId id;
    ++peer;  // no peer's id is all zero
    std::memcpy(id.bytes.data(), &peer, sizeof peer);
    return id;
}

}  // namespace

wire::Endpoint endpoint_of(PeerIndex peer) {
    return {"10." + std::to_string(peer >> 16U) + "." + std::to_string(peer >> 8U & 255U) + "." +
                std::to_string(peer & 255U),
            port};
}

PeerIndex peer_at(wire::Endpoint const& endpoint) {
    PeerIndex peer = 0;
    std::size_t at = endpoint.host.find('.');
    while (at != std::string::npos) {
        peer = peer << 8U | static_cast<PeerIndex>(std::stoul(endpoint.host.substr(at + 1)));
        at = endpoint.host.find('.', at + 1);
    }
    return peer;
}

SimulatedTracker::SimulatedTracker(std::uint64_t seed, std::shared_ptr<policies::Handout> handout)
    : directory_(options_of(seed), *this) {
    directory_.set_handout(std::move(handout));
}

void SimulatedTracker::announce(wire::Time now, PeerIndex peer, std::uint32_t ppm,
                                std::string const& labels) {
    auto const [sequence, is_new] = sequences_.try_emplace(peer, 0);
    if (is_new) {
        say(now, peer, wire::Register{id_of(peer), endpoint_of(peer), 0, labels});
    }
    wire::Update update;
    update.epoch = epoch;
    update.sequence = ++sequence->second;
    update.full_begin = is_new;
    update.full_end = is_new;
    update.added = {{"file", the_content, 1, ppm}};
    say(now, peer, std::move(update));
}

void SimulatedTracker::forget(wire::Time now, PeerIndex peer) {
    directory_.on_closed(std::to_string(peer), now);
    sequences_.erase(peer);
}

std::vector<SimulatedTracker::Source> SimulatedTracker::find(wire::Time now, PeerIndex asker,
                                                             std::uint32_t most) {
    found_.reset();
    wire::Find find;
    find.by = wire::FindBy::content_prefix;
    find.query = wire::to_hex(the_content);
    find.sources = most;
    say(now, asker, std::move(find));
    for (int turns = 0; !found_ && turns < 1000; ++turns) {
        directory_.on_tick(now);
    }
    must(found_.has_value(), "the tracker answers");
    std::vector<Source> sources;
    for (auto const& file : found_->files) {
        for (auto const& source : file.sources) {
            auto const peer = peer_at(source.listens);
            if (peer != asker) {
                sources.push_back(
                    {peer, static_cast<double>(source.have_ppm) / wire::complete_ppm});
            }
        }
    }
    return sources;
}

void SimulatedTracker::say(wire::Time now, PeerIndex peer, wire::Message message) {
    directory_.on_message({std::to_string(peer), endpoint_of(peer).host}, {1, std::move(message)},
                          now);
}

tracker::Directory::Outbox::Sent SimulatedTracker::send(wire::Route const&,
                                                        wire::Message const& message,
                                                        std::uint64_t) {
    if (auto const* const found = std::get_if<wire::Found>(&message)) {
        found_ = *found;
    }
    must(!std::holds_alternative<wire::Failure>(message), "the tracker refuses nothing");
    return Sent::yes;
}

}  // namespace xfsbus::lab::sim
