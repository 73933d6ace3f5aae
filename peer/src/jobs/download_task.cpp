#include "jobs/download_task.hpp"

#include "telemetry/log_events.hpp"

#include <xfsbus/wire/manifest.hpp>
#include <xfsbus/wire/name.hpp>

#include <algorithm>
#include <tuple>

namespace xfsbus::peer::jobs {
namespace {

/// Of the manifests of files that are ready.
constexpr std::size_t ready_bytes_most = 64 * 1024 * 1024;
/// Of one name, tried one after the other; whoever registers more of them holds nobody longer.
constexpr std::size_t other_versions_most = 8;
/// Files in progress at once: many small ones, few large ones.
constexpr std::size_t running_files_most = 256;

double seconds(wire::Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

}  // namespace

DownloadTask::DownloadTask(Parts const& parts, Order order, std::shared_ptr<PolicySlot> policy,
                           OnDone on_done)
    : parts_(parts),
      order_(std::move(order)),
      policy_(std::move(policy)),
      on_done_(std::move(on_done)),
      finder_(parts.network, parts.log),
      play_{0, order_.play_bytes_per_second} {}

DownloadTask::~DownloadTask() {
    if (progress_timer_) {
        parts_.network.scheduler.cancel(*progress_timer_);
    }
}

void DownloadTask::start() {
    started_ = parts_.network.scheduler.now();
    news_ = started_;
    manifests_ = std::make_shared<ManifestFetch>(parts_.network.scheduler, parts_.transfer.store,
                                                 parts_.hashes, manifest_owner());
    finder_.find(order_.query, first_sources(),
                 [self = shared_from_this()](auto found) { self->on_found(std::move(found)); });
}

void DownloadTask::play(std::uint64_t position, std::uint64_t bytes_per_second) {
    play_ = {position, bytes_per_second};
    for (auto const& [key, running] : running_) {
        running.transfer->play(play_);
    }
}

bool DownloadTask::join(std::string const& name, std::string const& id,
                        std::shared_ptr<Stream> const& stream) {
    auto const found = std::ranges::find_if(running_, [&](auto const& entry) {
        auto const& file = *entry.second.file;
        return target_name(file) == name && wire::to_hex(file.content).starts_with(id);
    });
    if (found == running_.end()) {
        return false;
    }
    found->second.transfer->join(stream);
    return true;
}

void DownloadTask::cancel() {
    if (over_) {
        return;
    }
    found_.clear();
    ready_.clear();
    lacked_room_.clear();
    auto const all = running_;
    for (auto const& [key, running] : all) {
        running.transfer->cancel();
    }
    auto const bundles = bundles_;
    for (auto const& [number, running] : bundles) {
        running.transfer->cancel();
    }
    finish(cancelled());
}

// ---- what is to be fetched ----

void DownloadTask::on_found(Result<std::vector<Found>> found) {
    if (over_) {
        return;
    }
    if (!found) {
        return may_wait(found.error()) ? find_again(found.error()) : finish(found.error());
    }
    choose_versions(std::move(*found));
    if ((!order_.out.empty() || order_.stream) && found_.size() != 1) {
        auto const what = order_.stream ? "one file is read" : "-o names one file";
        return finish(Error{Errc::usage, std::string(what) + ", but '" +
                                             wire::escape(order_.query) + "' matches " +
                                             std::to_string(found_.size())});
    }
    files_total_ = found_.size();
    for (auto const& file : found_) {
        bytes_total_ += file.size;
    }
    report_progress();
    advance();
}

/// Of several versions of one name, the one that most peers have. If it is to take the place of
/// what is here, that is not what only this peer has.
void DownloadTask::choose_versions(std::vector<Found> found) {
    bool const replaces = order_.force || order_.repair;
    auto const is_last = [&](Found const& file) {
        return replaces && std::ranges::all_of(file.sources, [this](auto const& source) {
                   return source.peer == parts_.network.self;
               });
    };
    std::ranges::stable_sort(found, [&](Found const& a, Found const& b) {
        return std::tuple(std::string_view(a.name), is_last(a), b.source_count) <
               std::tuple(std::string_view(b.name), is_last(b), a.source_count);
    });
    for (auto& file : found) {
        if (found_.empty() || found_.back().name != file.name) {
            found_.push_back(std::move(file));
            continue;
        }
        auto& others = other_versions_[file.name];
        bool const known = file.content == found_.back().content ||
                           std::ranges::find(others, file.content, &Found::content) != others.end();
        if (known || others.size() == other_versions_most) {
            continue;
        }
        parts_.log(telemetry::note(LogLevel::warning,
                                   "'" + wire::escape(file.name) + "' has another version " +
                                       wire::to_hex(file.content).substr(0, 12) + "; fetching " +
                                       wire::to_hex(found_.back().content).substr(0, 12) +
                                       ", which most peers have (NAME@ID picks one)"));
        others.push_back(std::move(file));
    }
}

/// Begins what can be begun, looks on to the next files; ends the job when nothing is left.
void DownloadTask::advance() {
    if (over_ || std::exchange(advancing_, true)) {
        return;
    }
    auto const self = shared_from_this();
    bool look = false;
    do {
        begin_ready();
        look = may_look_on();
        if (look) {
            look_on();
        }
    } while (look && !probing_);  // nobody had to be asked
    advancing_ = false;
    bool const idle = running_.empty() && bundles_.empty() && ready_.empty() && asking_.empty() &&
                      following_ == 0 && waiting_ == 0;
    if (!idle || !found_.empty() || probing_) {
        return;
    }
    if (lacked_room_.empty()) {
        return finish();
    }
    found_.push_back(std::move(lacked_room_.front()));
    lacked_room_.pop_front();
    advance();
}

/// When all that has come in this turn is ready.
void DownloadTask::advance_soon() {
    if (!std::exchange(advance_posted_, true)) {
        parts_.network.scheduler.post([weak = weak_from_this()] {
            if (auto const self = weak.lock()) {
                self->advance_posted_ = false;
                self->advance();
            }
        });
    }
}

void DownloadTask::begin_ready() {
    while (!ready_.empty()) {
        auto const together = std::max<std::size_t>(1, next_bundle());
        if (!room(ready_.front().file.size, together)) {
            break;
        }
        if (!take_place()) {
            return;
        }
        if (together > 1) {
            begin_bundle(together);
            continue;
        }
        auto next = take_ready();
        if (!take_name(next.file)) {
            parts_.destination.places.give_back();
            continue;
        }
        begin(std::make_shared<Found const>(std::move(next.file)), std::move(next.manifest),
              next.about);
    }
    parts_.destination.places.leave(this);
}

DownloadTask::Ready DownloadTask::take_ready() {
    auto next = std::move(ready_.front());
    ready_.pop_front();
    ready_bytes_ -= next.manifest->digests.size();
    return next;
}

bool DownloadTask::may_look_on() const {
    return !over_ && !probing_ && !found_.empty() && asking_count_ <= files_ahead_most / 4 &&
           ready_.size() < files_ahead_most && ready_bytes_ < ready_bytes_most;
}

/// For so many files more, the first of which has so many bytes.
bool DownloadTask::room(std::uint64_t file_bytes, std::size_t files) const {
    auto const running = running_.size() + bundled_;
    return running == 0 ||
           (running + files <= running_files_most &&
            running_bytes_ + std::min(file_bytes, running_bytes_most) <= running_bytes_most);
}

/// Goes on later if all are taken.
bool DownloadTask::take_place() {
    return parts_.destination.places.take(
        this, [&scheduler = parts_.network.scheduler, weak = weak_from_this()] {
            scheduler.post([weak] { weak.expired() ? void() : weak.lock()->advance(); });
        });
}

/// If another download of this peer fetches to the same place, it is looked at anew once that is
/// over: then it is here, or has to be fetched after all.
bool DownloadTask::take_name(Found const& file) {
    auto when_free = [&scheduler = parts_.network.scheduler, weak = weak_from_this(), file] {
        scheduler.post([weak, file] {
            if (auto const self = weak.lock(); self && !self->over_) {
                --self->waiting_;
                self->found_.push_front(file);
                self->advance();
            }
        });
    };
    bool const taken = parts_.destination.names.take(target_name(file), std::move(when_free));
    waiting_ += taken ? 0 : 1;
    return taken;
}

/// Below the directory.
std::string const& DownloadTask::target_name(Found const& file) const {
    return order_.out.empty() ? file.name : order_.out;
}

// ---- files ----

/// What this program publishes under the name is there, and nothing else can be put there.
bool DownloadTask::is_published(Found const& file) {
    auto const& name = target_name(file);
    if (!parts_.destination.publishes(name)) {
        return false;
    }
    if (parts_.share.by_name(name)->content == file.content) {
        DownloadedFile report;
        report.name = name;
        report.content = wire::to_hex(file.content);
        report.size = file.size;
        report.present = true;
        report_file(file, std::move(report));
    } else {
        fail_file(file, {Errc::usage, "'" + wire::escape(name) +
                                          "' is what this program publishes under this name"});
    }
    return true;
}

/// Of this peer's own file of that name, if it has this content.
std::optional<swarm::FileStamp> DownloadTask::known_stamp(Found const& file) const {
    auto const* mine = parts_.share.by_name(target_name(file));
    bool const same = mine != nullptr && mine->content == file.content;
    return same ? std::optional(mine->stamp) : std::nullopt;
}

storage::PartFile::Target DownloadTask::target_of(Found const& file,
                                                  std::shared_ptr<wire::Manifest const> manifest,
                                                  wire::FileAttributes const& about) {
    auto const algorithm = parts_.hashes.get(manifest->algorithm);
    storage::PartFile::Target target;
    target.tree = parts_.destination.tree;
    target.name = target_name(file);
    target.content = file.content;
    target.manifest = std::move(manifest);
    target.algorithm = *algorithm;
    target.replace = order_.force || order_.repair;
    target.repair = order_.repair;
    target.pushed = order_.pushed;
    target.durability = parts_.destination.durability;
    target.executable = about.executable && parts_.destination.keep_mode;
    if (about.mtime_ns != 0) {
        target.mtime_ns = static_cast<std::int64_t>(about.mtime_ns);
    }
    target.written = written_;
    target.last_place = last_place_;
    target.warn = [&scheduler = parts_.network.scheduler,
                   weak = weak_from_this()](std::string const& text) {
        scheduler.post([weak, text] {
            if (auto const job = weak.lock()) {
                job->parts_.log(telemetry::note(LogLevel::warning, text));
            }
        });
    };
    return target;
}

void DownloadTask::begin(std::shared_ptr<Found const> const& file,
                         std::shared_ptr<wire::Manifest const> manifest,
                         wire::FileAttributes const& about) {
    auto holder = std::make_shared<std::weak_ptr<FileTransfer>>();
    auto const self = weak_from_this();
    auto transfer = std::make_shared<FileTransfer>(
        parts_.transfer,
        FileTransfer::Wanted{.target = target_of(*file, std::move(manifest), about),
                             .known_stamp = known_stamp(*file),
                             .sources_most = order_.sources,
                             .policy = policy_,
                             .play = play_,
                             .stream = order_.stream},
        FileTransfer::Owner{.on_done =
                                [self, holder, file](DownloadedFile report) {
                                    auto const job = self.lock();
                                    auto const over = holder->lock();
                                    if (job && over) {
                                        job->on_file_done(*file, over.get(), std::move(report));
                                    }
                                },
                            .search =
                                [self, holder, file] {
                                    if (auto const job = self.lock()) {
                                        job->search(*holder, *file);
                                    }
                                }});
    *holder = transfer;
    for (auto& candidate : candidates(*file)) {
        transfer->add_candidate(std::move(candidate));
    }
    running_bytes_ += std::min(file->size, running_bytes_most);
    running_.emplace(transfer.get(), Running{transfer, file});
    tell_begun(*file);
    transfer->start();
}

void DownloadTask::tell_begun(Found const& file) const {
    if (parts_.log.tells(file.size)) {
        parts_.log(telemetry::download_begun(target_name(file), wire::to_hex(file.content),
                                             file.size, file.sources.size()));
    }
}

void DownloadTask::search(std::weak_ptr<FileTransfer> const& transfer, Found const& file) {
    auto const used = [transfer](wire::Endpoint const& endpoint) {
        auto const alive = transfer.lock();
        return !alive || alive->uses(endpoint);
    };
    auto const on_each = [transfer](auto const&, auto candidate) {
        auto const alive = transfer.lock();
        if (alive && candidate) {
            alive->add_candidate(std::move(*candidate));
        }
    };
    find_more(file, used, on_each, [transfer] {
        if (auto const alive = transfer.lock()) {
            alive->on_search_done();
        }
    });
}

/// Whoever has this content now, or a part of it. Those that lied about it stay out.
void DownloadTask::find_more(Found const& file,
                             std::function<bool(wire::Endpoint const&)> const& skip,
                             Finder::OnEach const& on_each, std::function<void()> const& on_done) {
    auto on_found = [self = shared_from_this(), file, skip, on_each,
                     on_done](Result<std::vector<Found>> found) {
        if (self->over_) {
            return;
        }
        // Without a tracker, those that had it may still be there.
        auto const files = found ? std::move(*found) : std::vector{file};
        auto more = file;
        more.sources.clear();
        for (auto const& each : files) {
            std::ranges::copy_if(each.sources, std::back_inserter(more.sources),
                                 [&](auto const& source) { return !skip(source.listens); });
        }
        std::erase_if(more.sources, [&](auto const& source) {
            return self->has_lied(source.listens, file.content);
        });
        self->finder_.probe_each({more}, self->enough_sources(), {}, on_each, on_done);
    };
    parts_.network.tracker.find({wire::FindBy::content_prefix, wire::to_hex(file.content), {}, 0},
                                std::move(on_found));
}

void DownloadTask::on_file_done(Found const& file, FileTransfer const* transfer,
                                DownloadedFile report) {
    running_.erase(transfer);
    parts_.destination.places.give_back();
    parts_.destination.names.give_back(target_name(file));
    running_bytes_ -= std::min(file.size, running_bytes_most);
    report_.bytes_fetched += report.bytes_fetched;
    if (report.error && try_again_later(file, *transfer)) {
        parts_.log(telemetry::download_waits(file.name, report.error->message));
    } else if (!over_ && has_new_version(file, report)) {
        ++following_;
        discredited_.erase(file.content);
        outdated_[file.name].insert(file.content);
        follow(file, std::move(report));
    } else {
        report_file(file, std::move(report));
    }
    advance();
}

/// Files that are made side by side take room from each other that none of them has a use for in
/// the end: some file systems (btrfs) set much aside for each call. So what lacked room is tried
/// once more when nothing else of this job is under way.
bool DownloadTask::try_again_later(Found const& file, FileTransfer const& transfer) {
    if (over_ || files_total_ == 1 || !transfer.lacked_room() ||
        !tried_again_.insert(file.name).second) {
        return false;
    }
    lacked_room_.push_back(file);
    return true;
}

void DownloadTask::report_file(Found const& file, DownloadedFile report) {
    news_ = report.bytes_fetched > 0 || !report.error ? parts_.network.scheduler.now() : news_;
    if (report.error && may_wait(*report.error)) {
        return wait_for(file, *report.error);
    }
    if (report.error || parts_.log.tells(report.size)) {
        parts_.log(telemetry::download_ended(report));
    }
    bytes_done_ += report.error ? 0 : file.size;
    add_report(file, std::move(report));
}

/// The file is over for good: from now on nobody is kept out of it.
void DownloadTask::add_report(Found const& file, DownloadedFile report) {
    discredited_.erase(file.content);
    if (!report.error && !parts_.destination.publishes(report.name)) {
        report.path = parts_.destination.tree->root() / report.name;
    }
    report.policy = policy_->used();
    report.chunk_order = parts_.transfer.policies.chunk_order;
    if (order_.on_file) {
        order_.on_file(report);
    }
    report_.files.push_back(std::move(report));
}

void DownloadTask::fail_file(Found const& file, Error error) {
    if (may_wait(error)) {
        return wait_for(file, error);
    }
    DownloadedFile report;
    report.name = target_name(file);
    report.content = wire::to_hex(file.content);
    report.size = file.size;
    report.error = std::move(error);
    parts_.log(telemetry::download_ended(report));
    add_report(file, std::move(report));
}

// ---- progress and the end ----

void DownloadTask::finish(std::optional<Error> error) {
    if (std::exchange(over_, true)) {
        return;
    }
    if (manifests_) {  // else it was cancelled before it began
        manifests_->stop();
    }
    parts_.destination.places.leave(this);
    auto const on_done = std::exchange(on_done_, {});
    if (error && report_.files.empty()) {
        return on_done(*error);
    }
    if (order_.on_progress) {
        order_.on_progress(progress());
    }
    report_.seconds = seconds(parts_.network.scheduler.now() - started_);
    report_.policy = policy_->used();
    report_.chunk_order = parts_.transfer.policies.chunk_order;
    on_done(std::move(report_));
}

}  // namespace xfsbus::peer::jobs
