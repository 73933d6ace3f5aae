#include "jobs/push_task.hpp"

#include <xfsbus/wire/glob.hpp>
#include <xfsbus/wire/name.hpp>

#include <algorithm>

namespace xfsbus::peer::jobs {
namespace {

constexpr auto word_patience = std::chrono::seconds(3);
constexpr auto progress_every = std::chrono::milliseconds(250);
/// Between two turns, however much there is to do.
constexpr auto turn_least = std::chrono::milliseconds(10);

double seconds(wire::Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

PushState state_of(swarm::PushPlan::State state) {
    switch (state) {
        case swarm::PushPlan::State::asking:
            return PushState::asking;
        case swarm::PushPlan::State::waiting:
            return PushState::waiting;
        case swarm::PushPlan::State::fetching:
            return PushState::fetching;
        case swarm::PushPlan::State::there:
            return PushState::there;
        case swarm::PushPlan::State::refused:
            return PushState::refused;
        default:
            return PushState::failed;
    }
}

/// What a peer has answered to a Push, or to the question whether it has the content.
swarm::PushPlan::Answer meaning_of(wire::Message const& answer, bool confirms) {
    if (auto const* pong = std::get_if<wire::Pong>(&answer); pong && confirms) {
        return swarm::PushPlan::Held{pong->have.empty() ? std::nullopt
                                                        : std::optional(pong->have.front())};
    }
    if (auto const* pushed = std::get_if<wire::Pushed>(&answer); pushed && !confirms) {
        return wire::Pushed{pushed->state, pushed->bytes, wire::escape(pushed->reason)};
    }
    return swarm::PushPlan::Failure{"an answer of the wrong kind"};
}

/// What may pass is asked again.
swarm::PushPlan::Answer meaning_of(Error const& error) {
    if (error.code == Errc::not_authorised) {
        return swarm::PushPlan::Refusal{error.message};
    }
    if (error.code == Errc::timeout || error.code == Errc::network) {
        return swarm::PushPlan::Silence{error.message};
    }
    return swarm::PushPlan::Failure{error.message};
}

Error several(std::vector<wire::FoundFile> const& versions) {
    auto const& first = versions.front();
    auto const name = wire::escape(first.name);
    auto const id = wire::to_hex(first.content).substr(0, 12);
    return {Errc::usage, "'" + name + "' has " + std::to_string(versions.size()) +
                             " versions; push one, such as '" + name + "@" + id + "'"};
}

}  // namespace

PushTask::PushTask(Parts const& parts, Order order, OnDone on_done)
    : network_(parts.network),
      share_(parts.share),
      random_(parts.random),
      order_(std::move(order)),
      on_done_(std::move(on_done)),
      finder_(parts.network, parts.log),
      links_(parts.network.links) {}

PushTask::~PushTask() {
    if (timer_) {
        network_.scheduler.cancel(*timer_);
    }
}

void PushTask::start() {
    if (over_) {
        return;
    }
    started_ = network_.scheduler.now();
    looks_.on_idle(started_, true);
    look();
    schedule();
}

void PushTask::cancel() {
    if (!plan_ || !plan_->asked_any()) {
        return finish(Error{Errc::interrupted, "interrupted before any peer was asked"});
    }
    finish();
}

// ---- to whom ----

void PushTask::look() {
    looks_.begin(network_.scheduler.now());
    network_.tracker.look_at_peers([weak = weak_from_this()](auto look) {
        if (auto const self = weak.lock(); self && !self->over_) {
            self->on_look(std::move(look));
        }
    });
}

void PushTask::on_look(Result<net::TrackerQuestions::Look> look) {
    auto const now = network_.scheduler.now();
    if (!look) {
        looks_.on_failed(now);
        bool const passing = look.error().code == Errc::tracker_unreachable &&
                             now - started_ < swarm::PushLooks::waiting_most;
        return plan_ || passing ? after_event() : finish(look.error());
    }
    listed_ = others(std::move(look->peers));
    bool const news = plan_ && plan_->on_look(now, listed_);
    looks_.on_look(now, news, look->young);
    if (!plan_ && !finding_) {
        find_files();
    }
    after_event();
}

/// The least busy first.
std::vector<wire::Endpoint> PushTask::others(std::vector<wire::PeerEntry> peers) {
    std::ranges::shuffle(peers, random_);
    std::ranges::stable_sort(peers, {}, &wire::PeerEntry::load);
    std::vector<wire::Endpoint> all;
    for (auto& peer : peers) {
        if (peer.peer != network_.self) {
            all.push_back(std::move(peer.listens));
        }
    }
    return all;
}

// ---- what is pushed ----

void PushTask::find_files() {
    finding_ = true;
    finder_.find(order_.query, {}, [weak = weak_from_this()](auto files) {
        if (auto const self = weak.lock(); self && !self->over_) {
            self->on_found(std::move(files));
        }
    });
}

void PushTask::on_found(Result<std::vector<wire::FoundFile>> files) {
    auto const now = network_.scheduler.now();
    if (may_be_incomplete(files) && now - started_ < swarm::PushLooks::waiting_most) {
        finding_ = false;  // the next look asks again
        return after_event();
    }
    if (!files) {
        return finish(files.error());
    }
    if (auto const chosen = choose(std::move(*files)); !chosen) {
        return finish(chosen.error());
    }
    plan_.emplace(plan_options());
    plan_->on_look(now, listed_);
    after_event();
}

/// A tracker that was just restarted does not know yet who has what.
bool PushTask::may_be_incomplete(Result<std::vector<wire::FoundFile>> const& files) const {
    if (!files && files.error().code == Errc::tracker_unreachable) {
        return true;
    }
    bool const nobody = !files && files.error().code == Errc::not_found;
    return looks_.young() && (nobody || (files && wire::is_glob(order_.query)));
}

Status PushTask::choose(std::vector<wire::FoundFile> files) {
    std::ranges::stable_sort(files, {}, &wire::FoundFile::name);
    for (auto at = files.begin(); at != files.end();) {
        auto const end =
            std::find_if(at, files.end(), [&](auto const& file) { return file.name != at->name; });
        std::vector<wire::FoundFile> versions(std::make_move_iterator(at),
                                              std::make_move_iterator(end));
        if (auto chosen = choose_version(versions); !chosen) {
            return chosen;
        }
        at = end;
    }
    if (files_.size() > files_most) {
        return Error{Errc::usage, "'" + wire::escape(order_.query) + "' matches " +
                                      std::to_string(files_.size()) + " files; push at most " +
                                      std::to_string(files_most) + " at once"};
    }
    return done();
}

/// Of several versions of a name, the one that this peer shares.
Status PushTask::choose_version(std::vector<wire::FoundFile> const& versions) {
    auto const* mine = share_.by_name(versions.front().name);
    auto const own = std::ranges::find_if(versions, [&](auto const& version) {
        return mine != nullptr && version.content == mine->content;
    });
    if (own == versions.end() && versions.size() > 1) {
        return several(versions);
    }
    auto& file = files_.emplace_back(own == versions.end() ? versions.front() : *own);
    if (auto const* held = share_.by_content(file.content)) {
        file.size = held->stamp.size;  // what the tracker says is a hint
    }
    return done();
}

swarm::PushPlan::Options PushTask::plan_options() const {
    swarm::PushPlan::Options options;
    options.patience = order_.patience;
    if (order_.to == PushTo::number) {
        options.number = order_.peers;
    }
    for (auto const& found : files_) {
        auto& file = options.files.emplace_back();
        file.size = found.size;
        for (auto const& source : found.sources) {
            if (options.number && source.have_ppm == wire::complete_ppm) {
                file.holders.insert(source.listens);
            }
        }
    }
    return options;
}

// ---- how it stands ----

void PushTask::pump() {
    if (!plan_ || over_ || std::exchange(pumping_, true)) {
        return;
    }
    while (auto const next = plan_->next(network_.scheduler.now())) {
        if (!ask(*next)) {
            plan_->on_no_room(network_.scheduler.now(), *next);
            break;
        }
    }
    pumping_ = false;
}

/// False: there is no room for one more connection now.
bool PushTask::ask(swarm::PushPlan::Ask const& ask) {
    auto const now = network_.scheduler.now();
    auto const& file = files_[ask.file];
    auto const link = links_.begin(now, plan_->peer(ask.peer).endpoint);
    if (!link) {
        plan_->on_answer(now, ask, swarm::PushPlan::Silence{link.error().message});
        return true;
    }
    if (!*link) {
        return false;
    }
    bool const named = files_.size() > 1;
    auto const question =
        ask.confirm ? wire::Message(wire::Ping{{file.content}})
                    : wire::Message(wire::Push{file.name, file.content, file.size, named});
    (*link)->ask(question, word_patience, [weak = weak_from_this(), ask](auto const& answer) {
        if (auto const self = weak.lock(); self && !self->over_) {
            self->on_answer(ask, answer);
        }
    });
    return true;
}

void PushTask::on_answer(swarm::PushPlan::Ask const& ask, Result<wire::Message> const& answer) {
    auto const now = network_.scheduler.now();
    links_.end(now, plan_->peer(ask.peer).endpoint, static_cast<bool>(answer));
    plan_->on_answer(now, ask,
                     answer ? meaning_of(*answer, ask.confirm) : meaning_of(answer.error()));
    after_event();
}

// ---- time ----

/// Something has happened, or it is time for something.
void PushTask::after_event() {
    if (over_ || pumping_) {
        return;
    }
    pump();
    auto const now = network_.scheduler.now();
    looks_.on_idle(now, !plan_ || plan_->idle());
    bool const idle = plan_ && plan_->idle();
    if (plan_ && (plan_->satisfied() || (idle && (looks_.settled() || looks_.given_up(now))))) {
        return finish();
    }
    schedule();
}

void PushTask::schedule() {
    if (timer_) {
        network_.scheduler.cancel(*timer_);
    }
    auto const now = network_.scheduler.now();
    auto next = now + wire::Duration(progress_every);
    for (auto const& time :
         {looks_.due(), links_.next_room(), plan_ ? plan_->next_deadline() : std::nullopt}) {
        next = time ? std::min(next, std::max<wire::Time>(*time, now + turn_least)) : next;
    }
    timer_ = network_.scheduler.at(next, [weak = weak_from_this()] {
        if (auto const self = weak.lock(); self && !self->over_) {
            self->timer_.reset();
            self->tick();
        }
    });
}

void PushTask::tick() {
    auto const now = network_.scheduler.now();
    if (auto const due = looks_.due(); due && *due <= now) {
        look();
    }
    if (now - told_ >= progress_every) {
        told_ = now;
        report_progress();
    }
    after_event();
}

void PushTask::report_progress() {
    if (!order_.on_progress || !plan_) {
        return;
    }
    PushProgress progress;
    progress.files = files_.size();
    std::optional<std::size_t> shown;
    for (std::size_t file = 0; file < files_.size(); ++file) {
        bool const file_done = plan_->file_over(file);
        progress.files_done += file_done ? 1 : 0;
        shown = shown || file_done ? shown : std::optional(file);
    }
    progress.file = report(shown.value_or(files_.size() - 1), false);
    order_.on_progress(progress);
}

// ---- the end ----

PushReport PushTask::report(std::size_t file, bool at_end) const {
    auto const& found = files_[file];
    PushReport report{found.name, wire::to_hex(found.content), found.size, {}, 0};
    auto last = started_;
    for (auto const& row : plan_->rows(file)) {
        auto const& [peer, listed] = plan_->peer(row.peer);
        if (at_end && row.state == swarm::PushPlan::State::refused && !listed) {
            continue;  // a program that has come, refused and left again lacks nothing
        }
        report.targets.push_back({peer.host, peer.port, state_of(row.state), row.bytes,
                                  seconds(row.until - row.since), row.reason});
        last = std::max(last, row.until);
    }
    report.seconds = seconds((at_end ? last : network_.scheduler.now()) - started_);
    return report;
}

PushResult PushTask::result() const {
    PushResult result;
    for (std::size_t file = 0; file < files_.size(); ++file) {
        result.files.push_back(report(file, true));
    }
    result.settled = looks_.settled() || plan_->satisfied();
    result.left_out = order_.to == PushTo::number ? 0 : plan_->left_out();
    result.seconds = seconds(network_.scheduler.now() - started_);
    return result;
}

/// All that were asked, for whatever file. Of those that have a file nobody knows.
bool PushTask::nobody_takes_pushes() const {
    for (std::size_t file = 0; file < files_.size(); ++file) {
        if (!std::ranges::all_of(plan_->rows(file), [](auto const& row) {
                return row.state == swarm::PushPlan::State::refused;
            })) {
            return false;
        }
    }
    return true;
}

void PushTask::finish(std::optional<Error> error) {
    if (std::exchange(over_, true)) {
        return;
    }
    links_.clear();
    if (!error && !plan_->asked_any()) {
        error = Error{Errc::not_found, "no other peer is up that could take it"};
    } else if (!error && order_.to != PushTo::all && nobody_takes_pushes()) {
        error = Error{Errc::not_found,
                      "none of the peers that could take it accepts pushes; a peer that is started "
                      "with --accept-push does"};
    }
    auto const on_done = std::exchange(on_done_, {});
    if (error) {
        return on_done(*error);
    }
    report_progress();
    on_done(result());
}

}  // namespace xfsbus::peer::jobs
