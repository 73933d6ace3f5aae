#include "index/indexer.hpp"

#include "storage/sight.hpp"

#include <xfsbus/wire/manifest.hpp>
#include <xfsbus/wire/name.hpp>

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <poll.h>

namespace xfsbus::peer::index {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t files_per_report = 1000;
constexpr auto report_interval = 200ms;
constexpr auto save_interval = 2s;
// Events come in bursts; they are looked at when there is quiet, or have waited long enough.
constexpr auto event_quiet = 100ms;
constexpr auto event_delay = 1s;
// How long to wait for a file that keeps changing.
constexpr auto patience = 3s;
// What is downloaded within so short a time is taken over together: a turn costs more than a file.
constexpr auto take_over_pause = 2ms;
// Of many events no more than so many buffers are read in a turn.
constexpr int reads_most = 16;
// How often a file is read again whose permissions are changed each time meanwhile.
constexpr unsigned tries_most = 10;
// Enough to keep the hashing threads busy with small files while this thread does other things.
constexpr std::size_t running_per_thread = 16;
// So that a warning is not repeated with each scan.
constexpr std::size_t warnings_remembered = 10'000;

std::string left_out(std::string const& name) {
    return (name.empty() ? "the shared directory" : "'" + wire::escape(name) + "'") +
           " is left out: ";
}

}  // namespace

Indexer::Indexer(Parts const& parts)
    : options_(parts.options),
      events_(parts.events),
      tree_(parts.tree),
      mailbox_(parts.mailbox),
      stop_(parts.stop),
      ignores_(options_.ignore, options_.default_ignores),
      cache_(options_.cache_file, options_.directory.string(), options_.algorithm,
             [this](std::string const& text) { warn(text); }),
      table_(cache_, batch_),
      workers_(
          options_.threads.hashing, options_.hash_threads, options_.algorithm, stop_,
          [&mailbox = mailbox_](Root const& root, std::string const& name, HashOutcome outcome) {
              mailbox.post([root, name, outcome = std::move(outcome)](Indexer& indexer) {
                  indexer.on_outcome(root, name, outcome);
              });
          },
          events_.on_fault) {
    if (options_.watch) {
        watcher_.emplace(parts.watch, parts.hurry, [this](std::string const& text) { warn(text); });
    }
}

void Indexer::begin() {
    begin_recall();
    check_root();
}

void Indexer::end() {
    for (auto const& letter : mailbox_.take()) {
        letter(*this);  // a download that has just ended is to be remembered
    }
}

void Indexer::turn() {
    now_ = Clock::now();
    looks_.forget();
    takes_over_ = false;
    // First the letters: what happened to the file that one is about is among the events then.
    auto const letters = mailbox_.take();
    read_events();
    for (auto const& letter : letters) {
        letter(*this);
    }
    if (now_ >= root_due()) {
        check_root();
    }
    if (watcher_ && watcher_->take_mounts_changed()) {
        look_at_mounts();
    }
    if (auto const due = changes_due(); due && *due <= now_) {
        apply_changes();
    }
    walk_some();
    start_hashing();
    finish_walks();
    report_if_due();
    save_if_due();
}

std::optional<Indexer::Time> Indexer::next_deadline() const {
    bool const scans =
        !waits_for_cache() && (scanner_ || walk_wanted_ || !new_directories_.empty());
    if (scans && scan_after_ <= now_) {
        return now_;
    }
    std::optional<Time> earliest = root_due();
    auto const at = [&](std::optional<Time> time) {
        if (time && (!earliest || *time < *earliest)) {
            earliest = time;
        }
    };
    if (scans) {
        at(scan_after_);
    }
    if (has_room()) {  // else a file that is done wakes it
        at(pending_.next_due());
    }
    at(changes_due());
    if (batch_.size() > 0) {
        at(last_report_ + report_interval);
    }
    if (cache_.unsaved()) {
        at(last_save_ + save_interval);
    }
    at(walk_due());
    return earliest;
}

Indexer::Wait Indexer::next_wait() const {
    auto const deadline = next_deadline();
    if (takes_over_ && running_ == 0 && (!deadline || *deadline > now_)) {
        return {{{}, Clock::now() + take_over_pause}, true};
    }
    return {{{}, deadline}, false};
}

void Indexer::read_events() {
    if (!watcher_) {
        return;
    }
    bool const had_none = changes_.empty();
    for (int reads = 0; reads < reads_most && watcher_->read(changes_); ++reads) {
        last_change_ = now_;
        first_change_ = had_none ? now_ : first_change_;
    }
    if (std::exchange(changes_.root, false)) {
        check_root();
        walk_wanted_ = root_ != nullptr;  // it may be watched no more
    }
}

std::optional<Indexer::Time> Indexer::changes_due() const {
    if (changes_.empty() || is_recalling()) {
        return std::nullopt;  // what is unsure was seen before they came
    }
    return std::min(last_change_ + event_quiet, first_change_ + event_delay);
}

void Indexer::apply_changes() {
    auto const changes = std::exchange(changes_, {});
    if (root_ == nullptr) {
        return;
    }
    std::ranges::for_each(changes.dropped, [this](auto const& name) { drop_directory(name); });
    for (auto const& name : changes.written) {
        // Whatever its stamp says: a single long write sets it at its beginning, and the file may
        // have been read in the middle.
        check(name, no_walk, true);
    }
    for (auto const& name : changes.moved) {
        check(name, no_walk, false);
    }
    for (auto const& name : changes.created) {
        // A new file will be closed, which is when it is looked at; a new name of an old file
        // will not.
        if (auto const sight = look(name);
            sight.linked || sight.kind == storage::Sight::Kind::unknown) {
            check(name, no_walk, false);
        }
    }
    look_at_attributes(changes);
    std::ranges::copy_if(changes.directories, std::back_inserter(new_directories_),
                         [this](auto const& name) { return !ignores_.covers(name); });
    auto const rules = std::string(storage::ignore_file);
    walk_wanted_ = walk_wanted_ || changes.lost || changes.written.contains(rules) ||
                   changes.moved.contains(rules) || changes.attributes.contains(rules);
}

void Indexer::drop_directory(std::string const& name) {
    table_.drop_below(name);
    pending_.doubt_below(name);
    if (scanner_) {
        scanner_->abandon(name);
    }
}

void Indexer::look_at_attributes(Watcher::Changes const& changes) {
    for (auto const& name : changes.attributes) {
        // A new one is being written perhaps: it is looked at when it is closed.
        bool const known = table_.find(name) != nullptr || pending_.find(name) != nullptr;
        if (known || unreadable_.contains(name)) {
            check(name, no_walk, false);
        }
    }
    for (auto const& name : changes.reachable) {
        if (ignores_.covers(name)) {
            continue;
        }
        bool const open{
            storage::open_beneath(root_->get(), name, O_RDONLY | O_DIRECTORY | O_NONBLOCK)};
        if (!open && errno == EACCES) {
            drop_directory(name);
        }
        new_directories_.push_back(name);  // which warns, or finds what can be read now
    }
}

void Indexer::recheck(std::string const& name) {
    check_root();
    check(name, no_walk, true);
}

void Indexer::verify(std::string const& name) {
    std::erase_if(verified_,
                  [&](auto const& known) { return now_ - known.second >= options_.verify_every; });
    auto const* entry = table_.find(name);
    if (entry != nullptr && entry->reported && verified_.size() < ShareIndex::verified_most &&
        verified_.emplace(name, now_).second) {
        recheck(name);
    }
}

void Indexer::check(std::string const& name, std::uint64_t walk, bool force) {
    if (ignores_.covers(name)) {
        table_.drop(name);
        return;
    }
    if (auto const problem = wire::name_problem(name)) {
        refuse(name, *problem, walk);
        return;
    }
    if (root_ == nullptr) {
        return;
    }
    auto const sight = look(name);
    if (sight.kind == storage::Sight::Kind::file) {
        consider(name, sight.stamp, walk, force);
        return;
    }
    if (sight.kind == storage::Sight::Kind::unknown) {
        consider(name, {}, walk, true);  // it is as it was until somebody can read it
        return;
    }
    if (sight.kind == storage::Sight::Kind::refused) {
        refuse(name, sight.why.empty() ? storage::errno_text(errno) : std::string(sight.why), walk);
    }
    table_.drop(name);
}

void Indexer::consider(std::string const& name, swarm::FileStamp const& stamp, std::uint64_t walk,
                       bool force) {
    consider(name, stamp, walk, force, table_.find(name));
}

/// `entry` is what the table has of it.
void Indexer::consider(std::string const& name, swarm::FileStamp const& stamp, std::uint64_t walk,
                       bool force, FileTable::Entry* entry) {
    if (entry != nullptr) {
        table_.seen(*entry);
    }
    auto* file = pending_.find(name);
    if (file == nullptr) {
        if (entry != nullptr && !force && entry->stamp == stamp) {
            table_.confirm(name, *entry);
            return;
        }
        file = &pending_.add(name, now_);
    } else if (file->running) {
        file->again = true;
        file->forced = file->forced || force;
    }
    if (auto* const waiting = find_walk(walk); waiting != nullptr && file->walk == no_walk) {
        file->walk = walk;
        ++waiting->waits_for;
    }
}

void Indexer::refuse(std::string const& name, std::string_view why, std::uint64_t walk) {
    if (auto* const skipping = find_walk(walk)) {
        ++skipping->skipped;
    }
    warn_once(left_out(name) + std::string(why));
}

void Indexer::warn_of_shortage(std::string_view why) {
    warn_once("files of the share cannot be opened now: " + std::string(why) +
              " (see `ulimit -n`); they are tried again, and what is known of them stands");
}

void Indexer::warn_once(std::string text) {
    say_once(std::move(text), events_.on_warning);
}

void Indexer::say_once(std::string text, Say const& say) {
    if (warned_.size() >= warnings_remembered) {
        warned_.clear();
    }
    auto const [said, is_new] = warned_.insert_or_assign(std::move(text), walk_number_);
    if (is_new && say) {
        say(said->first);
    }
}

void Indexer::add(swarm::IndexedFile file, std::chrono::system_clock::time_point known) {
    takes_over_ = true;
    if (checked_root_ != now_) {  // in this turn, else
        check_root();
    }
    auto const sight = root_ == nullptr ? storage::Sight() : look(file.name);
    auto const manifest = wire::decode_manifest(*file.manifest);
    if (wire::name_problem(file.name) || ignores_.covers(file.name) ||
        sight.kind != storage::Sight::Kind::file || !sight.stamp.like(file.stamp) || !manifest ||
        manifest->file_bytes != file.stamp.size) {
        if (sight.kind != storage::Sight::Kind::unknown) {
            table_.drop(file.name);
            batch_.remove(file.name);  // also if it is not known: who fetched it offers it already
        }
        check(file.name, no_walk, false);  // it has changed since
        return;
    }
    file.stamp = sight.stamp;         // that of its new name
    changes_.moved.erase(file.name);  // it was looked at since
    if (auto const* pending = pending_.find(file.name); pending != nullptr && !pending->running) {
        auto const walk = pending->walk;
        pending_.remove(file.name);
        release(walk);
    }
    bool const lasting =
        is_settled(file.stamp, known) && manifest->algorithm == options_.algorithm->name();
    table_.put(std::move(file), lasting);
}

bool Indexer::has_room() const {
    return running_ < running_per_thread * std::max(options_.hash_threads, 1U);
}

void Indexer::start_hashing() {
    while (has_room()) {
        auto name = pending_.next(now_);
        if (!name) {
            return;
        }
        ++running_;
        workers_.submit(root_, std::move(*name));
    }
}

void Indexer::on_outcome(Root const& root, std::string const& name, HashOutcome outcome) {
    --running_;
    if (root != root_) {
        return;  // of a directory that is not shared any more
    }
    auto* const pending = pending_.find(name);  // what is running stays pending
    if (pending == nullptr || !settle(name, *pending, outcome)) {
        return;
    }
    auto const file = *pending;
    pending_.remove(name);
    if (file.again) {
        check(name, file.walk, file.forced);
    }
    release(file.walk);
}

/// Takes over what is known of the file now. False if it has to be tried again.
bool Indexer::settle(std::string const& name, PendingFiles::File& file, HashOutcome& outcome) {
    if (auto const* changing = std::get_if<FileChanging>(&outcome)) {
        bool const hope =
            changing->written ? now_ - file.since < patience : ++file.tries < tries_most;
        if (hope) {
            pending_.retry(name, now_ + changing->wait);
            return false;
        }
        table_.drop(name);
        refuse(name, "keeps changing", file.walk);
    } else if (auto* hashed = std::get_if<HashedFile>(&outcome)) {
        take(name, file, *hashed);
    } else if (auto const* unreadable = std::get_if<FileUnreadable>(&outcome)) {
        if (unreadable->for_now) {
            warn_of_shortage(unreadable->why);
            pending_.retry(name, now_ + shortage_interval);
            return false;
        }
        table_.drop(name);
        unreadable_.insert(name);
        refuse(name, unreadable->why, file.walk);
    } else if (std::holds_alternative<FileGone>(outcome)) {
        file.again = true;  // something else may stand there now
    }
    return true;
}

void Indexer::take(std::string const& name, PendingFiles::File const& file, HashedFile& hashed) {
    if (ignores_.covers(name)) {  // since it was begun
        table_.drop(name);
        return;
    }
    if (auto* const walk = find_walk(file.walk)) {
        ++walk->hashed;
    }
    if (unreadable_.erase(name) > 0) {
        std::erase_if(warned_, [begin = left_out(name)](auto const& warned) {
            return warned.first.starts_with(begin);  // should it happen again
        });
    }
    auto const* before = table_.find(name);
    if (before != nullptr && before->stamp == hashed.stamp && before->content != hashed.content &&
        verified_.contains(name)) {
        warn("'" + wire::escape(name) +
             "' has other bytes than before, though nothing says that it was written: its disk may "
             "be failing. It is offered as it is now; compare it with a good copy");
    }
    table_.put({name, hashed.content, std::move(hashed.manifest), hashed.stamp}, hashed.settled);
}

void Indexer::release(std::uint64_t walk) {
    if (auto* const waiting = find_walk(walk)) {
        --waiting->waits_for;
    }
}

void Indexer::warn(std::string const& text) const {
    if (events_.on_warning) {
        events_.on_warning(text);
    }
}

/// Nothing more will come soon.
bool Indexer::idle() const {
    return !scanner_ && running_ == 0;
}

void Indexer::report_if_due() {
    if (batch_.size() == 0) {
        last_report_ = now_;  // the interval begins with the first change
    } else if (batch_.size() >= files_per_report || idle() ||
               now_ >= last_report_ + report_interval) {
        report();
    }
}

void Indexer::report() {
    last_report_ = now_;
    if (batch_.size() == 0) {
        return;
    }
    auto changes = batch_.take();
    if (events_.on_changed) {
        events_.on_changed(std::move(changes.added), std::move(changes.removed));
    }
}

void Indexer::save_if_due() {
    if (!cache_.unsaved()) {
        last_save_ = now_;
    } else if (cache_.many_unsaved() || now_ >= last_save_ + save_interval) {
        cache_.flush();
        last_save_ = now_;
    }
}

}  // namespace xfsbus::peer::index
