#include "live/swarm.hpp"

#include <xfsbus/wire/name.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <utility>

#include <poll.h>

namespace xfsbus::lab::live {
namespace {

/// Programs that are slower than this to start, or to answer, will not come to anything.
constexpr auto patience_to_start = std::chrono::seconds(120);
constexpr auto patience_to_answer = std::chrono::seconds(5);
constexpr std::size_t log_most = 4000;  ///< bytes that are looked at

/// The last line of a log, or what it says if it is an event.
std::string last_line_of(std::filesystem::path const& log) {
    std::ifstream stream(log, std::ios::binary);
    std::string text(std::istreambuf_iterator<char>(stream), {});
    text.erase(0, text.size() - std::min(text.size(), log_most));
    while (text.ends_with('\n')) {
        text.pop_back();
    }
    text.erase(0, text.find_last_of('\n') + 1);
    auto const event = nlohmann::json::parse(text, nullptr, false);
    return wire::escape(event.is_object() ? event.value("message", text) : text);
}

/// Waits as poll(2), as exactly as the system can.
void poll_for(std::vector<pollfd>& waiting, wire::Duration most) {
    auto const at_most = std::max(most, wire::Duration());
    auto const seconds = std::chrono::duration_cast<std::chrono::seconds>(at_most);
    timespec const time{.tv_sec = seconds.count(),
                        .tv_nsec = std::chrono::nanoseconds(at_most - seconds).count()};
    if (::ppoll(waiting.data(), waiting.size(), &time, nullptr) <= 0) {
        for (auto& each : waiting) {
            each.revents = 0;
        }
    }
}

}  // namespace

Swarm::Swarm(Plan const& plan, StartOf start_of) : plan_(plan), start_of_(std::move(start_of)) {
    peers_.reserve(plan.peers.size());
    for (std::size_t i = 0; i < plan.peers.size(); ++i) {
        peers_.push_back({.story = Story(plan.content_bytes)});
    }
}

// ---- the programs ----

std::runtime_error Swarm::trouble(std::optional<std::size_t> peer, std::string const& what) const {
    auto const who = peer ? "peer " + std::to_string(*peer) : std::string("the tracker");
    auto const said = peer && !told(*peer).failure.empty() ? told(*peer).failure
                                                           : last_line_of(start_of_(peer).log);
    return std::runtime_error(who + " " + what + (said.empty() ? "" : ": " + said));
}

void Swarm::start_tracker() {
    auto start = start_of_(std::nullopt);
    start.arguments = plan_.tracker_arguments;
    tracker_ = std::make_unique<Program>(start);
    std::string said;
    while (said.find(plan_.tracker_ready) == std::string::npos) {
        auto const more = tracker_->read();
        if (!more) {
            throw trouble(std::nullopt, "does not start");
        }
        said += *more;
    }
}

void Swarm::start(std::size_t index) {
    auto start = start_of_(index);
    start.arguments = plan_.peers[index].arguments;
    peers_[index].program = std::make_unique<Program>(start);
}

void Swarm::get_ready() {
    start_tracker();
    auto const from_the_start = [this](std::size_t peer) { return !plan_.peers[peer].starts; };
    for (std::size_t i = 0; i < peers_.size(); ++i) {
        if (from_the_start(i)) {
            start(i);
        }
    }
    wait_until("does not start",
               [&](std::size_t peer) { return !from_the_start(peer) || told(peer).ready; });
    auto const has_content = [&](std::size_t peer) {
        return from_the_start(peer) && plan_.peers[peer].has_content;
    };
    for (std::size_t i = 0; i < peers_.size(); ++i) {
        if (has_content(i)) {
            peers_[i].program->say("updatelist");
        }
    }
    wait_until("does not get its content listed",
               [&](std::size_t peer) { return !has_content(peer) || told(peer).listed; });
}

void Swarm::wait_until(char const* what, std::function<bool(std::size_t peer)> const& holds) {
    auto const deadline = Clock::now() + patience_to_start;
    for (std::size_t peer = 0; peer < peers_.size(); ++peer) {
        while (!holds(peer)) {
            auto const left = deadline - Clock::now();
            if (left <= wire::Duration() || !told(peer).failure.empty()) {
                throw trouble(peer, what);
            }
            listen(left);
        }
    }
}

// ---- while time counts ----

wire::Duration Swarm::now() const {
    return begin_ ? Clock::now() - *begin_ : wire::Duration();
}

bool Swarm::is_over() const {
    for (std::size_t i = 0; i < peers_.size(); ++i) {
        if (plan_.peers[i].fetches && !peers_[i].gone && !told(i).over()) {
            return false;
        }
    }
    return true;
}

/// The first thing to do that is not done.
std::optional<wire::Duration> Swarm::next_step() const {
    std::optional<wire::Duration> next;
    auto const add = [&](std::optional<wire::Duration> const& time, bool to_do) {
        if (time && to_do && (!next || *time < *next)) {
            next = time;
        }
    };
    for (std::size_t i = 0; i < peers_.size(); ++i) {
        auto const& plan = plan_.peers[i];
        add(plan.starts, !peers_[i].program);
        add(plan.fetches, !peers_[i].fetching && !peers_[i].gone);
        add(plan.crashes, !peers_[i].gone);
    }
    return next;
}

void Swarm::go() {
    begin_ = Clock::now();
    while (!is_over() && now() < plan_.stop) {
        step();
        auto const until = std::min(next_step().value_or(plan_.stop), plan_.stop);
        listen(until - now());
    }
    end_ = std::min(now(), plan_.stop);
}

void Swarm::step() {
    for (std::size_t i = 0; i < peers_.size(); ++i) {
        step(peers_[i], plan_.peers[i], i);
    }
}

void Swarm::step(Peer& peer, PeerPlan const& plan, std::size_t index) {
    auto const due = [&](std::optional<wire::Duration> const& time) {
        return time && *time <= now();
    };
    if (!peer.program && due(plan.starts)) {
        start(index);
    }
    if (!peer.fetching && !peer.gone && due(plan.fetches)) {
        peer.fetching = true;
        peer.program->say(plan_.download);
    }
    if (!peer.gone && due(plan.crashes)) {
        remove(peer, SIGKILL);
    }
}

void Swarm::remove(Peer& peer, int signal) {
    peer.gone = true;
    peer.program->signal(signal);
}

/// What it has sent is asked before it leaves.
void Swarm::leave_if_done(Peer& peer, PeerPlan const& plan) {
    auto const& told = peer.story.told();
    if (!plan.leaves || !told.completed || peer.gone) {
        return;
    }
    if (!std::exchange(peer.leaving, true)) {
        peer.program->say("status");
    } else if (told.answers > 0) {
        remove(peer, SIGTERM);
    }
}

void Swarm::listen(wire::Duration most) {
    std::vector<pollfd> waiting = {{tracker_->descriptor(), POLLIN, 0}};
    for (auto const& peer : peers_) {
        waiting.push_back({peer.program ? peer.program->descriptor() : -1, POLLIN, 0});
    }
    poll_for(waiting, most);
    if (waiting[0].revents != 0 && !tracker_->read()) {
        throw trouble(std::nullopt, "has ended");
    }
    for (std::size_t i = 0; i < peers_.size(); ++i) {
        if (waiting[i + 1].revents != 0) {
            read(peers_[i], i);
        }
    }
}

void Swarm::read(Peer& peer, std::size_t index) {
    auto const text = peer.program->read();
    if (!text) {
        if (!peer.gone) {
            throw trouble(index, "has ended");
        }
        return;
    }
    if (auto const taken = peer.story.take(*text, now()); !taken) {
        throw std::runtime_error("peer " + std::to_string(index) + ": " + taken.error().message);
    }
    leave_if_done(peer, plan_.peers[index]);
}

void Swarm::ask() {
    auto const deadline = Clock::now() + patience_to_answer;
    std::vector<std::size_t> before;
    for (auto const& peer : peers_) {
        before.push_back(peer.story.told().answers);
        if (peer.program && !peer.gone) {
            peer.program->say("status");
        }
    }
    for (std::size_t i = 0; i < peers_.size(); ++i) {
        auto const& peer = peers_[i];
        while (peer.program && !peer.gone && told(i).answers == before[i] &&
               Clock::now() < deadline) {
            listen(deadline - Clock::now());
        }
    }
}

}  // namespace xfsbus::lab::live
