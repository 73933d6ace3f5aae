// The walks of the index through the whole share.
#include "index/indexer.hpp"
#include "index/rescans.hpp"
#include "storage/sight.hpp"

#include <xfsbus/files/io.hpp>
#include <xfsbus/wire/name.hpp>

#include <algorithm>
#include <cerrno>
#include <span>
#include <utility>

#include <fcntl.h>

namespace xfsbus::peer::index {
namespace {

constexpr std::size_t entries_per_turn = 500;
/// Files of which it is not known yet whether the cache knows them: some 20 MB.
constexpr std::size_t unsure_most = 200'000;
constexpr std::uint64_t ignore_bytes_most = 1024 * 1024;

}  // namespace

void Indexer::rescan(Scanned done) {
    check_root();
    walk_wanted_ = root_ != nullptr;
    if (done) {
        wanted_by_.push_back(std::move(done));
    }
    if (root_ == nullptr) {
        answer({.problem = trouble_}, std::exchange(wanted_by_, {}));
    }
}

/// When a walk begins though nobody asks for it: some time after the one before is done.
std::optional<Indexer::Time> Indexer::walk_due() const {
    if (root_ == nullptr || !walks_.empty()) {
        return std::nullopt;
    }
    auto const took =
        std::chrono::duration_cast<std::chrono::milliseconds>(walk_ended_ - walk_began_);
    auto const after = rescan_after({.wanted = options_.rescan,
                                     .watched = watcher_.has_value(),
                                     .hears_all = watcher_ && watcher_->complete() && !remote_,
                                     .walk_time = took});
    return after ? std::optional(walk_ended_ + *after) : std::nullopt;
}

void Indexer::walk_some() {
    if (auto const due = walk_due(); due && now_ >= *due) {
        walk_wanted_ = true;
    }
    if (!recalls_ && !unsure_.empty()) {
        return consider_unsure();
    }
    if (!scanner_) {
        start_walk();
    }
    if (!scanner_ || now_ < scan_after_ || waits_for_cache()) {
        return;
    }
    auto const step = scanner_->step(entries_per_turn);
    if (step == Scanner::Step::done && !is_recalling()) {
        end_walk();
    } else if (step == Scanner::Step::shortage) {
        warn_of_shortage(storage::errno_text(errno));
        scan_after_ = now_ + shortage_interval;
    }
}

void Indexer::start_walk() {
    if (root_ == nullptr) {
        return;  // it could not be opened just now
    }
    if (std::exchange(walk_wanted_, false)) {
        scanning_for_ = ++walk_number_;
        walks_.push_back({.number = walk_number_, .done = std::exchange(wanted_by_, {})});
        table_.begin_walk();
        unreadable_.clear();  // all of them are tried again
        walk_began_ = now_;
        remote_ = false;
        load_ignores();
        if (watcher_) {
            watcher_->begin_walk();
        }
        scanner_.emplace(make_scanner(""));
    } else if (!new_directories_.empty()) {
        scanning_for_ = no_walk;
        scanner_.emplace(make_scanner(std::move(new_directories_.front())));
        new_directories_.pop_front();
    }
}

Scanner Indexer::make_scanner(std::string directory) {
    Scanner::Sink sink;
    sink.on_file = [this](std::string const& name, storage::Sight const& sight) {
        found(name, sight);
    };
    sink.is_ignored = [this](std::string const& name) { return is_ignored(name); };
    sink.on_link = [this](std::string const& name) {
        if (auto* const walk = find_walk(scanning_for_)) {
            walk->links.add(name);
        }
    };
    sink.on_directory = [this](int fd, std::string const& name) {
        if (watcher_) {
            watcher_->watch(fd, name);
            remote_ = remote_ || is_remote(fd);
        }
    };
    sink.on_refused = [this](std::string const& name, std::string_view why) {
        table_.drop(name);
        refuse(name, why, scanning_for_);
    };
    return {root_->get(), std::move(directory), std::move(sink)};
}

/// The rules of a walk are those that stand at the top of the share when it begins.
void Indexer::load_ignores() {
    auto const warn_of = [this](std::string const& why) {
        warn_once("'" + std::string(storage::ignore_file) + "' cannot be read (" + why +
                  "): what it says now is not known, and what it said before holds");
    };
    auto const fd =
        storage::open_beneath(root_->get(), storage::ignore_file, O_RDONLY | O_NONBLOCK);
    if (!fd && errno != ENOENT) {
        return warn_of(errno == ELOOP ? "it is a symbolic link" : storage::errno_text(errno));
    }
    std::string text;
    if (fd) {
        auto const stamp = storage::stamp_of(fd.get());
        if (!stamp || stamp->size > ignore_bytes_most) {
            return warn_of(stamp ? "it is larger than 1 MiB" : "it is not a regular file");
        }
        text.resize(stamp->size);
        auto const read = files::read_at(fd.get(), std::as_writable_bytes(std::span(text)), 0);
        if (read.error != 0) {
            return warn_of(storage::errno_text(read.error));
        }
        text.resize(read.bytes);
    }
    std::ranges::for_each(ignores_.take_lines(text),
                          [this](std::string const& problem) { warn_once(problem); });
}

bool Indexer::is_ignored(std::string const& name) {
    bool const ignored = ignores_.matches(name);
    if (auto* const walk = find_walk(scanning_for_); walk != nullptr && ignored) {
        walk->ignored.add(name);
    }
    return ignored;
}

void Indexer::found(std::string const& name, storage::Sight const& sight) {
    if (auto* const walk = find_walk(scanning_for_); walk != nullptr && sight.is_private) {
        walk->private_files.add(name);
    }
    auto* const entry = table_.find(name);
    if (recalls_ && entry == nullptr) {
        unsure_.push_back({name, sight.stamp});
    } else {
        consider(name, sight.stamp, scanning_for_, false, entry);
    }
}

// ---- what the cache remembers ----

void Indexer::begin_recall() {
    auto take = [this](std::vector<swarm::IndexedFile> files) {
        mailbox_.post([files = std::move(files)](Indexer& indexer) mutable {
            indexer.table_.remember(std::move(files));
        });
    };
    recalls_ = cache_.begin_load(
        std::move(take), [this] { mailbox_.post([](Indexer& indexer) { indexer.end_recall(); }); });
}

void Indexer::end_recall() {
    recalls_ = false;
    cache_.end_load();
}

/// All that it remembers is here by now.
void Indexer::consider_unsure() {
    for (auto left = std::min(entries_per_turn, unsure_.size()); left > 0; --left) {
        auto const file = std::move(unsure_.back());
        unsure_.pop_back();
        consider(file.name, file.stamp, scanning_for_, false);
    }
}

/// The walk is at its end, or has found as much as is to be kept, and cannot go on.
bool Indexer::waits_for_cache() const {
    return recalls_ && ((scanner_ && scanner_->done()) || unsure_.size() >= unsure_most);
}

void Indexer::end_walk() {
    if (auto* walk = find_walk(scanning_for_)) {
        walk->walking = false;
        walk_ended_ = now_;
        if (scanner_->complete()) {
            table_.end_walk();
            if (watcher_) {
                watcher_->end_walk();
            }
        }
    }
    scanner_.reset();
}

Indexer::Walk* Indexer::find_walk(std::uint64_t number) {
    auto const it = std::ranges::find(walks_, number, &Walk::number);
    return it == walks_.end() ? nullptr : &*it;
}

void Indexer::finish_walks() {
    while (!walks_.empty() && !walks_.front().walking && walks_.front().waits_for == 0) {
        auto const walk = std::move(walks_.front());
        walks_.pop_front();
        tell(walk);
        std::erase_if(warned_, [&](auto const& item) { return item.second < walk.number; });
        report();
        cache_.flush();
        answer({.files = table_.files(),
                .bytes = table_.bytes(),
                .hashed = walk.hashed,
                .skipped = walk.skipped,
                .links = walk.links.count,
                .ignored = walk.ignored.count,
                .private_files = walk.private_files.count},
               walk.done);
    }
}

/// What a user may not expect: once, as long as it stays the same.
void Indexer::tell(Walk const& walk) {
    auto const counted = [](Tally const& tally, char const* one, char const* many) {
        bool const is_one = tally.count == 1;
        return std::to_string(tally.count) + " " + (is_one ? one : many) +
               (is_one ? ", '" : ", such as '") + wire::escape(tally.example) + "'";
    };
    if (walk.links.count > 0) {
        warn_once("not shared: " + counted(walk.links, "symbolic link", "symbolic links"));
    }
    if (walk.private_files.count > 0) {
        warn_once("shared: " +
                  counted(walk.private_files, "file that only its owner may read",
                          "files that only their owner may read") +
                  "; --ignore PATTERN, or a line in '" + std::string(storage::ignore_file) +
                  "', keeps files from others");
    }
    if (walk.ignored.count > 0) {
        say_once("ignored: " + counted(walk.ignored, "name", "names"), events_.on_notice);
    }
}

void Indexer::answer(ScanSummary const& summary, std::vector<Scanned> const& waiting) const {
    if (events_.on_scanned) {
        events_.on_scanned(summary);
    }
    for (auto const& done : waiting) {
        done(summary);
    }
}

}  // namespace xfsbus::peer::index
