#include "crowd/crowd.hpp"

#include <xfsbus/wire/limits.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace xfsbus::bench {
namespace {

/// So many connect together: a tracker's queue of those that wait to be accepted is bounded.
constexpr std::size_t batch = 200;
constexpr auto patience = std::chrono::seconds(60);

}  // namespace

// ---- Line ----

Line::Line(Loop& loop, wire::Endpoint const& tracker, std::string const& from,
           Zmtp::OnMessage on_message)
    : loop_(loop), zmtp_(tracker, from), on_message_(std::move(on_message)) {
    loop_.add(zmtp_.fd(), [this] { read(); });
}

Line::~Line() {
    if (!ended_) {
        loop_.remove(zmtp_.fd());
    }
}

void Line::send(wire::Message const& message, std::uint64_t request) {
    zmtp_.send(message, request);
    if (!reading_) {
        zmtp_.flush();
    }
}

void Line::read() {
    reading_ = true;
    bool const alive = zmtp_.read([this](wire::Envelope&& envelope) {
        if (std::holds_alternative<wire::Ping>(envelope.message)) {
            ++pings_;
            send(wire::Pong{}, envelope.request);
        } else {
            on_message_(std::move(envelope));
        }
    });
    reading_ = false;
    if (!alive) {
        ended_ = true;
        loop_.remove(zmtp_.fd());
    } else {
        zmtp_.flush();
    }
}

// ---- FakePeer ----

FakePeer::FakePeer(Loop& loop, wire::Endpoint const& tracker, std::uint32_t number,
                   std::uint16_t port, Names names)
    : names_(std::move(names)),
      line_(loop, tracker, host_of(number),
            [this](wire::Envelope&& envelope) { on_message(envelope); }) {
    wire::PeerId id;
    for (std::size_t i = 0; i < sizeof number; ++i) {
        id.bytes[i] = static_cast<std::uint8_t>(number >> (8 * i));
    }
    id.bytes.back() = 1;
    line_.send(wire::Register{id, {host_of(number), port}, 1000, ""}, 1);
}

std::string FakePeer::host_of(std::uint32_t number) {
    constexpr std::uint32_t a_byte = 256;
    return "127." + std::to_string(1 + number / (a_byte * a_byte)) + "." +
           std::to_string(number / a_byte % a_byte) + "." + std::to_string(number % a_byte);
}

void FakePeer::heartbeat() {
    line_.send(wire::Heartbeat{epoch_, sequence_, 0}, 2);
}

void FakePeer::on_message(wire::Envelope const& envelope) {
    if (auto const* registered = std::get_if<wire::Registered>(&envelope.message)) {
        epoch_ = registered->epoch;
        heartbeat_every_ = std::chrono::milliseconds(registered->heartbeat_ms);
        send_list();
    } else if (std::holds_alternative<wire::Updated>(envelope.message)) {
        listed_ = sent_ == names_.count;
        if (!listed_) {
            send_list();
        }
    } else if (auto const* alive = std::get_if<wire::Alive>(&envelope.message)) {
        if (alive->heartbeat_ms != 0) {
            heartbeat_every_ = std::chrono::milliseconds(alive->heartbeat_ms);
        }
    } else if (std::holds_alternative<wire::Failure>(envelope.message)) {
        ++failures_;
    }
}

/// The next part of it.
void FakePeer::send_list() {
    wire::Update update{epoch_, ++sequence_, sent_ == 0, false, {}, {}};
    while (sent_ < names_.count && update.added.size() < wire::limits::update_entries) {
        auto name = names_.name(sent_++);
        wire::ContentId content;
        std::copy_n(name.begin(), std::min(name.size(), content.bytes.size()),
                    content.bytes.begin());
        update.added.push_back({std::move(name), content, 4096});
    }
    update.full_end = sent_ == names_.count;
    line_.send(update, 3);
}

// ---- Crowd ----

Crowd::Crowd(Loop& loop, wire::Endpoint tracker, NamesOf names)
    : loop_(loop), tracker_(std::move(tracker)), names_(std::move(names)), listener_(loop) {
    loop_.each_turn = [this] { turn(); };
}

void Crowd::grow(std::size_t count) {
    while (peers_.size() < count) {
        auto const next = std::min(count, peers_.size() + batch);
        while (peers_.size() < next) {
            add();
        }
        auto const ready = [&] { return listed_ == peers_.size(); };
        if (!loop_.run_until(ready, patience)) {
            throw std::runtime_error("the tracker took in only " + std::to_string(listed_) +
                                     " of " + std::to_string(count) + " peers");
        }
    }
}

void Crowd::add() {
    auto const number = static_cast<std::uint32_t>(peers_.size());
    peers_.push_back(std::make_unique<FakePeer>(loop_, tracker_, number, port(), names_(number)));
}

/// Heartbeats that are due; the first of each peer at a moment of its own, as they would come.
void Crowd::turn() {
    auto const now = Clock::now();
    for (; listed_ < peers_.size() && peers_[listed_]->listed(); ++listed_) {
        auto const every = peers_[listed_]->heartbeat_every();
        schedule(listed_, now + every * static_cast<int>(listed_ * 61 % 100) / 100);
    }
    while (!due_.empty() && due_.top().first <= now) {
        auto const [when, number] = due_.top();
        due_.pop();
        auto& peer = *peers_[number];
        if (!peer.line().ended()) {
            peer.heartbeat();
            schedule(number, when + peer.heartbeat_every());
        }
    }
    // Only lists are long.
    for (auto i = listed_; i < peers_.size(); ++i) {
        peers_[i]->line().flush();
    }
}

std::uint64_t Crowd::failures() const {
    std::uint64_t count = 0;
    for (auto const& peer : peers_) {
        count += peer->failures();
    }
    return count;
}

std::uint64_t Crowd::ended() const {
    return static_cast<std::uint64_t>(
        std::ranges::count_if(peers_, [](auto const& peer) { return peer->line().ended(); }));
}

std::uint64_t Crowd::pings() const {
    std::uint64_t count = 0;
    for (auto const& peer : peers_) {
        count += peer->line().pings();
    }
    return count;
}

}  // namespace xfsbus::bench
