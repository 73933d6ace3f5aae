#include "net/tracker_link.hpp"

#include <xfsbus/wire/name.hpp>

#include <algorithm>
#include <utility>

namespace xfsbus::peer::net {
namespace {

constexpr auto look_up_most = std::chrono::seconds(10);
constexpr auto look_up_pause = std::chrono::seconds(2);

/// Set in the numbers of what the announcer sends, and in no question's: so a refusal of the one is
/// not taken for that of the other.
constexpr std::uint64_t announcement = std::uint64_t{1} << 63;

}  // namespace

TrackerLink::TrackerLink(bus::Reactor& reactor, bus::Security const& security, Owner owner)
    : reactor_(reactor),
      security_(security),
      owner_(std::move(owner)),
      resolver_(reactor),
      alarm_(reactor, [this] {
          announcer_->on_tick(reactor_.now());
          after_event();
      }) {}

TrackerLink::~TrackerLink() {
    if (look_up_timer_) {
        reactor_.cancel(*look_up_timer_);
    }
}

// ---- the connection ----

Status TrackerLink::connect(wire::Endpoint const& tracker, std::string const& from,
                            swarm::Announcer::Options announcer) {
    tracker_ = tracker;
    from_ = from;
    silent_ = announcer.silent;
    swarm::Announcer::Owner& owner = *this;
    announcer_ = std::make_unique<swarm::Announcer>(std::move(announcer), owner);
    asker_ = std::make_unique<Asker>(
        reactor_, [this](auto const& message, auto request) { return say(message, request); },
        "the tracker at " + wire::escape(tracker.to_zmq()), Errc::tracker_unreachable);
    if (wire::numeric_host(tracker.host)) {
        return open(tracker.host);
    }
    asker_->set_trouble("its name is being looked up");
    look_up();
    return done();
}

Status TrackerLink::open(std::string const& host) {
    asker_->set_trouble(bus::nothing_answers);
    auto client = bus::ControlClient::connect(
        reactor_, {host, tracker_.port}, security_,
        {.on_message = [this](wire::Envelope&& envelope) { on_message(std::move(envelope)); },
         .on_garbage = [this](std::string const& what) { on_garbage(what); },
         .on_connection = [this](auto state, auto const& why) { on_connection(state, why); }},
        from_);
    if (!client) {
        return client.error();
    }
    client_ = std::move(*client);
    return done();
}

void TrackerLink::look_up() {
    look_up_timer_.reset();
    resolver_.resolve(tracker_.host, look_up_most,
                      [this](auto const& addresses) { on_addresses(addresses); });
}

/// The name's addresses are tried in turn, each for as long as it answers.
void TrackerLink::on_addresses(Result<std::vector<std::string>> const& addresses) {
    auto const again = [this] {
        look_up_timer_ = reactor_.at(reactor_.now() + look_up_pause, [this] { look_up(); });
    };
    if (!addresses) {
        asker_->set_trouble(addresses.error().message);
        owner_.on_state();
        return again();
    }
    if (connected_) {
        return;
    }
    auto const used = std::ranges::find(*addresses, address_);
    bool const next = used != addresses->end() && used + 1 != addresses->end();
    auto const& host = next ? *(used + 1) : addresses->front();
    if (client_ && host == address_) {
        return again();  // its client goes on trying
    }
    address_ = host;
    if (auto const opened = open(host); !opened) {
        asker_->set_trouble(opened.error().message);
    }
    again();
}

bool TrackerLink::say(wire::Message const& message, std::uint64_t request) {
    return client_ && client_->send(message, request);
}

void TrackerLink::on_changed(std::string const& name, std::optional<wire::FileEntry> entry) {
    announcer_->on_changed(reactor_.now(), name, std::move(entry));
    after_event();
}

void TrackerLink::on_changed(std::vector<wire::FileEntry> added, std::vector<std::string> removed) {
    announcer_->on_changed(reactor_.now(), std::move(added), std::move(removed));
    after_event();
}

void TrackerLink::resend() {
    announcer_->resend(reactor_.now());
    after_event();
}

void TrackerLink::leave() {
    announcer_->leave(reactor_.now());
}

void TrackerLink::ask(wire::Message const& question, wire::Duration patience,
                      Asker::OnAnswer on_answer) {
    asker_->ask(question, patience, std::move(on_answer));
}

TrackerState TrackerLink::state() const {
    bool const registered = announcer_->registered();
    return {.registered = registered,
            .settled = announcer_->settled(),
            .connected = connected_,
            .in_touch = registered && connected_ && reactor_.now() - heard_ <= silence_most_,
            .heard = heard_,
            .listens = announcer_->listens(),
            .refusal = announcer_->trouble()};
}

Error TrackerLink::trouble() const {
    auto const& refusal = announcer_->trouble();
    return refusal.empty() ? Error{Errc::tracker_unreachable, asker_->trouble()}
                           : Error{Errc::not_authorised, refusal};
}

void TrackerLink::on_connection(bus::ControlClient::Connection state, std::string const& why) {
    bool const connected = state == bus::ControlClient::Connection::up;
    connected_ = connected;
    if (!connected && !look_up_timer_ && !wire::numeric_host(tracker_.host)) {
        look_up_timer_ = reactor_.at(reactor_.now() + look_up_pause, [this] { look_up(); });
    }
    if (connected) {
        garbage_ = false;
        asker_->set_trouble("it is connected but silent; is it an xfs-tracker?");
    } else if (!garbage_) {  // else that is why it was lost
        bool const refused = state == bus::ControlClient::Connection::refused;
        asker_->set_trouble(refused ? why + "; is xfs-tracker running?" : why);
    }
    announcer_->on_connected(reactor_.now(), connected);
    if (connected && std::exchange(was_lost_, false)) {
        asker_->ask_all_again();
    }
    was_lost_ = !connected;
    after_event();
}

void TrackerLink::on_garbage(std::string const& what) {
    garbage_ = true;
    asker_->set_trouble("what listens there is no xfs-tracker: " + what);
    owner_.on_state();
}

void TrackerLink::on_message(wire::Envelope&& envelope) {
    heard_ = reactor_.now();
    if (auto const* registered = std::get_if<wire::Registered>(&envelope.message)) {
        silence_most_ = (silent_ ? 2 : 1) * std::chrono::milliseconds(registered->lease_ms);
    }
    if (std::holds_alternative<wire::Ping>(envelope.message)) {
        say(wire::Pong{load()}, envelope.request);
        return;
    }
    if (auto const* failure = std::get_if<wire::Failure>(&envelope.message);
        failure != nullptr && envelope.request == 0 &&
        failure->code == wire::ErrorCode::unreachable) {
        return owner_.on_unreachable ? owner_.on_unreachable(wire::escape(failure->reason))
                                     : void();
    }
    bool const announced = (envelope.request & announcement) != 0;
    if (announced || !std::holds_alternative<wire::Failure>(envelope.message)) {
        announcer_->on_message(reactor_.now(), envelope.message,
                               announced ? envelope.request & ~announcement : 0);
    }
    if (!announced && envelope.request != 0) {
        asker_->on_answer(envelope.request, std::move(envelope.message));
    }
    after_event();
}

void TrackerLink::after_event() {
    alarm_.set(announcer_->next_deadline());
    owner_.on_state();
}

void TrackerLink::send(wire::Message const& message, std::uint64_t number) {
    // What meets a full queue is lost like what the network loses: the announcer says it again.
    say(message, announcement | number);
}

std::vector<wire::FileEntry> TrackerLink::files_after(std::string const& name, std::size_t most) {
    return owner_.share.after(name, most);
}

std::uint32_t TrackerLink::load() {
    return owner_.load();
}

}  // namespace xfsbus::peer::net
