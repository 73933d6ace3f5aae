#include "own_hosts.hpp"

#include <xfsbus/tracker/tracker.hpp>
#include <xfsbus/wire/name.hpp>

#include <algorithm>
#include <random>
#include <utility>

namespace xfsbus::tracker {

namespace {

/// With a lower limit a tracker does not start.
constexpr std::uint64_t descriptors_least = 64;
/// Its own sockets and event loops, and some room.
constexpr std::uint64_t own_descriptors = 40;

/// Peers whose address is being tried, at once, and for how long each.
constexpr std::size_t trials_most = 32;
constexpr auto trial_most = std::chrono::seconds(3);

std::uint64_t random_number() {
    std::random_device device;
    return (std::uint64_t{device()} << 32) | device();
}

Directory::Options directory_options(Tracker::Options const& options, wire::Time now) {
    // Not 0: that is what a message without an epoch says.
    std::uint64_t const epoch = options.epoch != 0 ? options.epoch : random_number() | 1;
    return {epoch,
            random_number(),
            options.peer_ttl,
            options.limits,
            options.foreign_hosts,
            &own_hosts,
            now,
            options.recorder.get()};
}

struct Described {
    std::string_view name;
    std::string what;
};

Described describe(Directory::PeerChange::Kind kind) {
    using Kind = Directory::PeerChange::Kind;
    switch (kind) {
        case Kind::joined:
            return {"peer-joined", "has registered"};
        case Kind::renewed:
            return {"peer-renewed", "has registered again"};
        case Kind::left:
            return {"peer-left", "has said good-bye"};
        case Kind::replaced:
            return {"peer-lost", "is replaced by another on its connection"};
        case Kind::closed:
            return {"peer-lost", "is gone: its connection is closed"};
        case Kind::expired:
            return {"peer-lost", "is gone: nothing was heard of it"};
        case Kind::unanswered:
            break;
    }
    return {"peer-lost", "is gone: it did not answer"};
}

}  // namespace

Tracker::Tracker(Options const& options)
    : log_(options.log),
      recorder_(options.recorder),
      directory_(directory_options(options, reactor_.now()), *this),
      trials_(reactor_, trials_most),
      foreign_hosts_(options.foreign_hosts) {
    directory_.set_handout(options.handout);
}

Tracker::~Tracker() = default;

Result<std::unique_ptr<Tracker>> Tracker::start(Options options) {
    auto const limit = bus::descriptor_limit();
    auto const open = bus::open_descriptors();
    if (limit < descriptors_least || limit < open + own_descriptors + 1) {
        return Error{Errc::failed, "a tracker needs " + std::to_string(descriptors_least) +
                                       " file descriptors, and " + std::to_string(open) +
                                       " of this process's " + std::to_string(limit) +
                                       " are open already; raise the limit (ulimit -n)"};
    }
    options.connections_most =
        std::min<std::size_t>(options.connections_most, (limit - open - own_descriptors) / 16 * 15);
    std::unique_ptr<Tracker> tracker(new Tracker(options));
    if (auto const bound = tracker->bind(options.bind, options.connections_most); !bound) {
        return bound.error();
    }
    return tracker;
}

Status Tracker::bind(wire::Endpoint const& endpoint, std::size_t connections_most) {
    auto server = bus::ControlServer::bind(
        reactor_, endpoint, bus::Security::none(),
        {.on_message = [this](wire::Sender const& sender,
                              wire::Envelope const& envelope) { on_message(sender, envelope); },
         .on_garbage = [this](wire::Sender const& sender,
                              wire::DecodeError const& error) { on_garbage(sender, error); },
         .on_closed =
             [this](wire::Route const& route) {
                 directory_.on_closed(route, reactor_.now());
                 settle();
             },
         .on_trouble =
             [this](std::string const& what) {
                 log({LogLevel::warning, "network-trouble", what});
             }},
        connections_most);
    if (!server) {
        return server.error();
    }
    server_ = std::move(server).value();
    return done();
}

void Tracker::run() {
    reactor_.run();
    auto const counters = stats();
    LogEvent event{LogLevel::info, "stopped",
                   std::to_string(counters[Counter::peers]) + " peers with " +
                       std::to_string(counters[Counter::files]) + " files; took " +
                       std::to_string(counters[Counter::messages]) + " messages, " +
                       std::to_string(counters[Counter::finds]) + " finds; lost " +
                       std::to_string(counters[Counter::drops]) + " peers"};
    for (auto const& counter : counters.list()) {
        event.fields.emplace_back(counter.name, counter.value);
    }
    log(event);
}

void Tracker::set_handout(std::shared_ptr<policies::Handout> handout, std::function<void()> then) {
    reactor_.post([this, handout = std::move(handout), then = std::move(then)]() mutable {
        directory_.set_handout(std::move(handout));
        if (then) {
            then();
        }
    });
}

Counters Tracker::stats() const {
    std::lock_guard const lock(stats_mutex_);
    return stats_;
}

void Tracker::on_message(wire::Sender const& sender, wire::Envelope const& envelope) {
    directory_.on_message(sender, envelope, reactor_.now());
    settle();
}

/// For debugging only: whoever can connect could fill the log with it.
void Tracker::on_garbage(wire::Sender const& sender, wire::DecodeError const& error) {
    ++garbage_;
    auto const host = wire::escape(sender.host);
    log({LogLevel::debug,
         "no-message",
         "from " + host + ": " + wire::escape(error.reason),
         {{"host", host}, {"why", wire::escape(error.reason)}}});
    settle();
}

/// At the end of each event.
void Tracker::settle() {
    auto stats = directory_.stats();
    stats[Counter::garbage] = garbage_;
    {
        std::lock_guard const lock(stats_mutex_);
        stats_ = stats;
    }
    arm();
}

/// A timer that goes off early costs a needless tick; changing it with each message costs more.
void Tracker::arm() {
    auto const deadline = directory_.next_deadline();
    if (!deadline || (armed_ && *armed_ <= *deadline)) {
        return;
    }
    if (armed_) {
        reactor_.cancel(timer_);
    }
    armed_ = deadline;
    // By way of post(), so that messages that are waiting are taken first: if this thread was held
    // up, the answers to its checks have come in time all the same.
    timer_ = reactor_.at(*deadline, [this] { reactor_.post([this] { tick(); }); });
}

void Tracker::tick() {
    armed_.reset();
    directory_.on_tick(reactor_.now());
    settle();
}

void Tracker::log(LogEvent const& event) const {
    if (log_) {
        log_(event);
    }
}

Directory::Outbox::Sent Tracker::send(wire::Route const& route, wire::Message const& message,
                                      std::uint64_t request) {
    return server_->send(route, message, request) == bus::ControlServer::Sent::yes ? Sent::yes
                                                                                   : Sent::gone;
}

bool Tracker::tells_end(wire::Route const& route) const {
    return server_->tells_end(route);
}

void Tracker::on_peer(Directory::PeerChange const& change) {
    bool const renewed = change.kind == Directory::PeerChange::Kind::renewed;
    auto const peer = wire::escape(change.listens.to_string());
    auto const [name, what] = describe(change.kind);
    log({renewed ? LogLevel::debug : LogLevel::info, name, peer + " " + what, {{"peer", peer}}});
    if (change.kind == Directory::PeerChange::Kind::joined) {
        try_to_reach(change);
    }
}

/// Whether others can connect to where it says that it listens, as far as this machine can tell: it
/// is only told, since a peer that nobody reaches can fetch all the same. Where peers may name any
/// address, nobody else's is tried for them.
void Tracker::try_to_reach(Directory::PeerChange const& change) {
    if (foreign_hosts_) {
        return;
    }
    auto on_result = [this, route = change.route,
                      peer = change.listens.to_string()](std::string const& why) {
        if (why.empty()) {
            return;
        }
        log({LogLevel::info,
             "peer-unreachable",
             "no connection to " + wire::escape(peer) + ": " + why,
             {{"peer", wire::escape(peer)}, {"why", why}}});
        server_->send(route, wire::Failure{wire::ErrorCode::unreachable, why, 0});
    };
    trials_.start(change.listens, trial_most, std::move(on_result));
}

}  // namespace xfsbus::tracker
