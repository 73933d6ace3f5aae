#include "shell/push_job.hpp"

#include <xfsbus/wire/name.hpp>

#include <algorithm>

namespace xfsbus::peer {
namespace {

constexpr auto answer_patience = std::chrono::seconds(3);
constexpr unsigned silences_most = 3;  ///< in a row: the peer is given up
constexpr auto poll_every = std::chrono::milliseconds(500);
constexpr auto tick_every = std::chrono::milliseconds(250);
/// Peers watched at once; each costs a connection.
constexpr std::size_t active_most = 256;

double seconds(wire::Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

PushState state_of(wire::PushState state) {
    switch (state) {
        case wire::PushState::waiting:
            return PushState::waiting;
        case wire::PushState::fetching:
            return PushState::fetching;
        case wire::PushState::there:
            return PushState::there;
        case wire::PushState::refused:
            return PushState::refused;
        default:
            return PushState::failed;
    }
}

bool is_over(PushState state) {
    return state == PushState::there || state == PushState::failed || state == PushState::refused;
}

Error several(std::string const& query, std::vector<wire::FoundFile> const& files) {
    auto const& first = files.front();
    auto const example = first.name + "@" + wire::to_hex(first.content).substr(0, 12);
    return {Errc::usage, "'" + wire::escape(query) + "' means " + std::to_string(files.size()) +
                             " files or versions; push one, such as '" + wire::escape(example) +
                             "'"};
}

}  // namespace

PushJob::PushJob(Services& services, Order order, OnDone on_done)
    : services_(services),
      order_(std::move(order)),
      on_done_(std::move(on_done)),
      finder_(services) {}

PushJob::~PushJob() {
    if (timer_) {
        services_.reactor.cancel(*timer_);
    }
}

void PushJob::start() {
    started_ = services_.reactor.now();
    finder_.find(order_.query, {},
                 [self = shared_from_this()](auto files) { self->on_found(std::move(files)); });
}

void PushJob::cancel() {
    if (asked_count_ == 0) {
        return finish(Error{Errc::interrupted, "interrupted before any peer was asked"});
    }
    finish();
}

// ---- whom to ask ----

void PushJob::on_found(Result<std::vector<wire::FoundFile>> files) {
    if (over_) {
        return;
    }
    if (!files) {
        return finish(files.error());
    }
    if (files->size() != 1) {
        return finish(several(order_.query, *files));
    }
    file_ = std::move(files->front());
    if (auto const* mine = services_.share.by_content(file_.content)) {
        file_.size = mine->stamp.size;  // what the tracker says is a hint
    }
    report_.name = file_.name;
    report_.content = wire::to_hex(file_.content);
    report_.size = file_.size;
    services_.tracker.list_peers(
        [self = shared_from_this()](auto peers) { self->on_peers(std::move(peers)); });
}

void PushJob::on_peers(Result<std::vector<wire::PeerEntry>> peers) {
    if (over_) {
        return;
    }
    if (!peers) {
        return finish(peers.error());
    }
    sort_out(std::move(*peers));
    if (candidates_.empty() && report_.targets.empty()) {
        return finish(Error{Errc::not_found, "no other peer is up that could take it"});
    }
    advance();
    schedule_tick();
}

/// Those that have the whole file are there; the others can be asked, the least busy first.
void PushJob::sort_out(std::vector<wire::PeerEntry> peers) {
    std::set<wire::PeerId> holders;
    for (auto const& source : file_.sources) {
        if (source.have_ppm == wire::complete_ppm) {
            holders.insert(source.peer);
        }
    }
    std::ranges::shuffle(peers, services_.random);
    std::ranges::stable_sort(peers, {}, &wire::PeerEntry::load);
    for (auto const& peer : peers) {
        if (peer.peer == services_.self) {
            continue;
        }
        if (holders.contains(peer.peer)) {
            add_target(peer.listens, PushState::there);
        } else {
            candidates_.push_back(peer.listens);
        }
    }
}

void PushJob::add_target(wire::Endpoint const& peer, PushState state) {
    auto const bytes = state == PushState::there ? file_.size : 0;
    report_.targets.push_back({peer.host, peer.port, state, bytes, 0, {}});
}

std::size_t PushJob::count(PushState state) const {
    return static_cast<std::size_t>(std::ranges::count(report_.targets, state, &PushTarget::state));
}

bool PushJob::wants_more() const {
    auto const there = count(PushState::there);
    auto const wanted =
        order_.peers == 0 ? active_most : order_.peers - std::min(order_.peers, there);
    return active_.size() < std::min(wanted, active_most);
}

/// Asks as many as are wanted; ends the job when nobody is left to be waited for.
void PushJob::advance() {
    while (!over_ && !candidates_.empty() && wants_more()) {
        ask_next();
    }
    if (over_ || !active_.empty()) {
        return;
    }
    if (asked_count_ > 0 && count(PushState::refused) == asked_count_) {
        return finish(Error{Errc::not_found,
                            "none of the " + std::to_string(asked_count_) +
                                " peers that could take it accepts pushes; a peer that is started "
                                "with --accept-push does"});
    }
    finish();
}

void PushJob::ask_next() {
    auto const peer = std::move(candidates_.front());
    candidates_.pop_front();
    ++asked_count_;
    auto link = services_.links.to(peer);
    add_target(peer, PushState::asking);
    auto& target = report_.targets.back();
    if (!link) {
        target.state = PushState::failed;
        target.reason = link.error().message;
        return;
    }
    auto asked = std::make_shared<Asked>();
    asked->target = report_.targets.size() - 1;
    asked->link = std::move(*link);
    asked->since = services_.reactor.now();
    active_.insert(asked);
    poll(asked);
}

// ---- how it stands ----

void PushJob::poll(std::shared_ptr<Asked> const& asked) {
    asked->waiting = true;
    asked->poll_at = services_.reactor.now() + poll_every;
    asked->link->ask(wire::Push{file_.name, file_.content, file_.size}, answer_patience,
                     [self = shared_from_this(), asked](auto answer) {
                         self->on_answer(asked, std::move(answer));
                     });
}

void PushJob::on_answer(std::shared_ptr<Asked> const& asked, Result<wire::Message> answer) {
    asked->waiting = false;
    if (over_ || !active_.contains(asked)) {
        return;
    }
    if (!answer) {
        return on_trouble(asked, answer.error());
    }
    auto const* pushed = std::get_if<wire::Pushed>(&*answer);
    if (pushed == nullptr) {
        return settle(asked, PushState::failed, "an answer of the wrong kind");
    }
    on_pushed(asked, *pushed);
}

/// What may pass is asked again.
void PushJob::on_trouble(std::shared_ptr<Asked> const& asked, Error const& error) {
    if (error.code == Errc::not_authorised) {
        return settle(asked, PushState::refused, error.message);
    }
    bool const silent = error.code == Errc::timeout || error.code == Errc::network;
    if (!silent) {
        return settle(asked, PushState::failed, error.message);
    }
    if (++asked->silences == silences_most) {
        settle(asked, PushState::failed,
               error.code == Errc::timeout ? "stopped answering" : error.message);
    }
}

void PushJob::on_pushed(std::shared_ptr<Asked> const& asked, wire::Pushed const& pushed) {
    asked->silences = 0;
    auto& target = report_.targets[asked->target];
    target.bytes = std::min(pushed.bytes, file_.size);
    auto const state = state_of(pushed.state);
    if (is_over(state)) {
        return settle(asked, state, wire::escape(pushed.reason));
    }
    target.state = state;
}

void PushJob::settle(std::shared_ptr<Asked> const& asked, PushState state, std::string reason) {
    update_seconds();
    auto& target = report_.targets[asked->target];
    target.state = state;
    target.reason = std::move(reason);
    if (state == PushState::there) {
        target.bytes = file_.size;
    }
    active_.erase(asked);
    advance();
}

void PushJob::update_seconds() {
    auto const now = services_.reactor.now();
    report_.seconds = seconds(now - started_);
    for (auto const& asked : active_) {
        report_.targets[asked->target].seconds = seconds(now - asked->since);
    }
}

// ---- time ----

void PushJob::schedule_tick() {
    if (over_) {
        return;
    }
    timer_ = services_.reactor.at(services_.reactor.now() + tick_every, [weak = weak_from_this()] {
        if (auto const self = weak.lock()) {
            self->timer_.reset();
            self->tick();
        }
    });
}

void PushJob::tick() {
    auto const active = active_;  // an answer may come at once
    for (auto const& asked : active) {
        if (!asked->waiting && asked->poll_at <= services_.reactor.now()) {
            poll(asked);
        }
    }
    if (!over_) {
        update_seconds();
        if (order_.on_progress) {
            order_.on_progress(report_);
        }
    }
    schedule_tick();
}

void PushJob::finish(std::optional<Error> error) {
    if (std::exchange(over_, true)) {
        return;
    }
    update_seconds();
    active_.clear();
    auto const on_done = std::exchange(on_done_, {});
    if (error) {
        return on_done(*error);
    }
    if (order_.on_progress) {
        order_.on_progress(report_);
    }
    on_done(std::move(report_));
}

}  // namespace xfsbus::peer
