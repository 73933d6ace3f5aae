#include <xfsbus/swarm/announcer.hpp>
#include <xfsbus/wire/limits.hpp>
#include <xfsbus/wire/name.hpp>

#include <algorithm>
#include <limits>

namespace xfsbus::swarm {
namespace {

/// What an entry takes on the wire: keys, tags and numbers, and its name.
constexpr std::size_t entry_overhead_bytes = 80;

std::size_t wire_bytes(wire::FileEntry const& entry) {
    return entry.name.size() + entry_overhead_bytes;
}

}  // namespace

Announcer::Announcer(Options options, Owner& owner)
    : options_(std::move(options)),
      owner_(owner),
      random_(static_cast<std::minstd_rand::result_type>(options_.seed)) {}

// ---- events ----

void Announcer::on_connected(wire::Time now, bool connected) {
    bool const again = connected && !connected_;
    connected_ = connected;
    if (!connected) {
        trouble_.clear();
    }
    if (!again || left_) {
        return;
    }
    if (state_ == State::away) {
        begin_registration(now, false);
    } else if (state_ == State::registered && options_.silent) {
        // The tracker has dropped it with its connection, and no heartbeat would find that out.
        begin_registration(now, true);
    } else if (state_ == State::registered) {
        if (!unanswered_.empty()) {
            restart_list();  // what was on its way may have been lost with the connection
        }
        // The tracker may be a new one: a heartbeat finds out. Not all peers at once.
        spoke_ = now - heartbeat_ +
                 std::chrono::milliseconds(
                     random_() %
                     static_cast<unsigned>(1 + options_.jitter / std::chrono::milliseconds(1)));
        flush(now);
    }
}

void Announcer::on_message(wire::Time now, wire::Message const& message, std::uint64_t number) {
    if (left_) {
        return;
    }
    if (auto const* registered = std::get_if<wire::Registered>(&message)) {
        on_registered(now, *registered);
    } else if (auto const* updated = std::get_if<wire::Updated>(&message)) {
        on_updated(now, *updated);
    } else if (auto const* failure = std::get_if<wire::Failure>(&message)) {
        on_failure(now, *failure, number);
    } else if (auto const* alive = std::get_if<wire::Alive>(&message)) {
        on_alive(now, *alive);
    } else if (auto const* found = std::get_if<wire::Found>(&message)) {
        on_epoch(now, found->epoch);
    } else if (auto const* peers = std::get_if<wire::PeerList>(&message)) {
        on_epoch(now, peers->epoch);
    }
}

void Announcer::on_changed(wire::Time now, std::string const& name,
                           std::optional<wire::FileEntry> entry) {
    if (!is_to_come(name)) {
        changes_.insert_or_assign(name, std::move(entry));
        flush(now);
    }
}

void Announcer::on_changed(wire::Time now, std::vector<wire::FileEntry> added,
                           std::vector<std::string> removed) {
    for (auto& entry : added) {
        if (!is_to_come(entry.name)) {
            auto name = entry.name;  // mostly the last of all: the index reports in order
            changes_.insert_or_assign(changes_.end(), std::move(name), std::move(entry));
        }
    }
    for (auto& name : removed) {
        if (!is_to_come(name)) {
            changes_.insert_or_assign(std::move(name), std::nullopt);
        }
    }
    flush(now);
}

/// The list under way, or the one that follows registration, will name it anyway: so it is not said
/// twice.
bool Announcer::is_to_come(std::string const& name) const {
    return !registered() || (full() && name > *full_from_);
}

void Announcer::on_tick(wire::Time now) {
    if (left_ || state_ == State::away || !connected_) {
        return;
    }
    if (state_ == State::waiting || state_ == State::asked) {
        if (now >= wake_) {
            register_now(now);
        }
        return;
    }
    if (!unanswered_.empty() && now - answered_ >= options_.answer_most) {
        restart_list();  // an Update or its answer was lost: the whole list puts it right
        answered_ = now;
    }
    if (held_ && now >= *held_) {
        held_.reset();
    }
    flush(now);
    if (!options_.silent && now - spoke_ >= heartbeat_) {
        spoke_ = now;
        send(wire::Heartbeat{epoch_, sequence_, owner_.load()});
    }
}

void Announcer::leave(wire::Time) {
    if (state_ == State::asked || state_ == State::registered) {
        send(wire::Leave{});
    }
    left_ = true;
}

void Announcer::resend(wire::Time now) {
    if (state_ == State::registered) {
        held_.reset();
        restart_list();
        flush(now);
    }
}

// ---- registration ----

void Announcer::begin_registration(wire::Time now, bool with_jitter) {
    state_ = State::waiting;
    outdated_ = said_;
    auto const most = std::chrono::duration_cast<std::chrono::milliseconds>(options_.jitter);
    auto const range = static_cast<unsigned>(most.count()) + 1;
    wake_ = now + std::chrono::milliseconds(with_jitter ? random_() % range : 0);
    on_tick(now);
}

void Announcer::register_now(wire::Time now) {
    state_ = State::asked;
    wake_ = now + options_.answer_most;
    auto const heartbeat = std::chrono::duration_cast<std::chrono::milliseconds>(heartbeat_);
    send(wire::Register{options_.peer, options_.listens,
                        options_.silent ? 0 : static_cast<std::uint32_t>(heartbeat.count()),
                        options_.labels});
}

void Announcer::on_registered(wire::Time now, wire::Registered const& message) {
    if (state_ != State::asked) {
        return;  // the answer to a question that was repeated
    }
    state_ = State::registered;
    epoch_ = message.epoch;
    told_ = message.listens;
    trouble_.clear();
    held_.reset();
    set_heartbeat(message.heartbeat_ms);
    spoke_ = now;
    sequence_ = 0;
    restart_list();
    flush(now);
}

/// The answer to a Register, an Update or a Heartbeat. Its epoch says nothing: a tracker that
/// cannot read a message answers without one.
void Announcer::on_failure(wire::Time now, wire::Failure const& message, std::uint64_t number) {
    if (number <= outdated_) {
        return;
    }
    if (state_ == State::asked && message.code != wire::ErrorCode::unknown_peer) {
        trouble_ = "it refuses this peer: " + wire::escape(message.reason);
        wake_ = now + options_.refused_pause;
    }
    if (state_ != State::registered) {
        return;
    }
    if (message.code == wire::ErrorCode::unknown_peer) {
        begin_registration(now, true);
    } else if (message.code == wire::ErrorCode::resync) {
        if (!held_) {  // else it will be sent anyway, and what was missed is known
            restart_list();
            flush(now);
        }
    } else if (std::ranges::find(unanswered_, number) != unanswered_.end()) {
        on_list_refused(now, message.reason);
    }
}

/// What was asked for is not done as it is. It is not forgotten, either: an operator may give the
/// tracker more room.
void Announcer::on_list_refused(wire::Time now, std::string const& reason) {
    trouble_ = "it does not take this peer's list of files: " + wire::escape(reason);
    held_ = now + options_.list_pause;
    sequence_ = acknowledged();  // a refused Update does not count, nor does what followed it
    restart_list();
}

void Announcer::on_alive(wire::Time now, wire::Alive const& message) {
    on_epoch(now, message.epoch);
    if (state_ == State::registered && message.heartbeat_ms != 0) {
        set_heartbeat(message.heartbeat_ms);
    }
}

/// Nobody can make it do nothing else.
void Announcer::set_heartbeat(std::uint32_t milliseconds) {
    heartbeat_ = std::chrono::milliseconds(std::max<std::uint32_t>(milliseconds, 10));
}

void Announcer::on_epoch(wire::Time now, std::uint64_t epoch) {
    if (state_ == State::registered && epoch != epoch_) {
        begin_registration(now, true);
    }
}

// ---- the list of files ----

void Announcer::restart_list() {
    full_from_ = std::string();
    full_begun_ = false;
    changes_.clear();
    unanswered_.clear();  // what is under way no longer counts
    outdated_ = said_;
}

bool Announcer::may_send() const {
    return state_ == State::registered && connected_ && !left_ && !held_ &&
           unanswered_.size() < options_.unanswered_most;
}

void Announcer::flush(wire::Time now) {
    while (may_send() && (full() || is_time_for_changes())) {
        full() ? send_full_batch(now) : send_changes(now);
    }
}

/// While an Update is on its way, changes wait for its answer, so that those of many small files go
/// together (as in Nagle's algorithm, RFC 896), unless they fill an Update of their own.
bool Announcer::is_time_for_changes() const {
    return !changes_.empty() &&
           (unanswered_.empty() || changes_.size() >= wire::limits::update_entries);
}

void Announcer::send_full_batch(wire::Time now) {
    wire::Update update;
    update.full_begin = !full_begun_;
    auto files = owner_.files_after(*full_from_, wire::limits::update_entries);
    bool const all = files.size() < wire::limits::update_entries;
    std::size_t bytes = 0;
    std::size_t taken = 0;
    while (taken < files.size() && bytes + wire_bytes(files[taken]) <= wire::limits::update_bytes) {
        bytes += wire_bytes(files[taken]);
        ++taken;
    }
    update.full_end = all && taken == files.size();
    files.resize(taken);
    full_begun_ = true;
    full_from_ = update.full_end ? std::nullopt : std::optional(files.back().name);
    update.added = std::move(files);
    send_update(now, std::move(update));
}

void Announcer::send_changes(wire::Time now) {
    wire::Update update;
    std::size_t bytes = 0;
    auto change = changes_.begin();
    for (; change != changes_.end() && bytes < wire::limits::update_bytes / 2 &&
           std::max(update.added.size(), update.removed.size()) < wire::limits::update_entries;
         ++change) {
        bytes += change->first.size() + entry_overhead_bytes;
        if (change->second) {
            update.added.push_back(std::move(*change->second));
        } else {
            update.removed.push_back(change->first);
        }
    }
    changes_.erase(changes_.begin(), change);
    send_update(now, std::move(update));
}

void Announcer::send_update(wire::Time now, wire::Update update) {
    if (unanswered_.empty()) {
        answered_ = now;
    }
    update.epoch = epoch_;
    update.sequence = ++sequence_;
    spoke_ = now;
    unanswered_.push_back(said_ + 1);
    send(std::move(update));
}

void Announcer::send(wire::Message const& message) {
    owner_.send(message, ++said_);
}

void Announcer::on_updated(wire::Time now, wire::Updated const& message) {
    if (state_ != State::registered || message.epoch != epoch_) {
        return on_epoch(now, message.epoch);
    }
    if (message.sequence > acknowledged() && message.sequence <= sequence_) {
        while (acknowledged() < message.sequence) {
            unanswered_.pop_front();
        }
        answered_ = now;
        trouble_.clear();
        flush(now);
    }
}

// ---- answers ----

bool Announcer::settled() const {
    return registered() && !full() && changes_.empty() && unanswered_.empty();
}

std::optional<wire::Time> Announcer::next_deadline() const {
    if (left_ || state_ == State::away || !connected_) {
        return std::nullopt;
    }
    if (state_ != State::registered) {
        return wake_;
    }
    std::optional<wire::Time> next;
    if (!options_.silent) {
        next = spoke_ + heartbeat_;
    }
    if (!unanswered_.empty()) {
        auto const again = answered_ + options_.answer_most;
        next = next ? std::min(*next, again) : again;
    }
    if (held_) {
        next = next ? std::min(*next, *held_) : held_;
    }
    return next;
}

}  // namespace xfsbus::swarm
