#include "shell/download_job.hpp"

#include <xfsbus/policies/host/errors.hpp>
#include <xfsbus/wire/limits.hpp>
#include <xfsbus/wire/manifest.hpp>
#include <xfsbus/wire/name.hpp>

#include <algorithm>
#include <cstring>
#include <tuple>

namespace xfsbus::peer {
namespace {

constexpr auto manifest_patience = std::chrono::seconds(5);
constexpr std::size_t manifest_batch = 512;
/// Files in progress at once: many small ones, few large ones.
constexpr std::size_t running_files_most = 64;
constexpr std::uint64_t running_bytes_most = 64 * 1024 * 1024;
constexpr auto progress_every = std::chrono::milliseconds(100);
constexpr auto rate_window = std::chrono::seconds(3);

double seconds(wire::Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

bool is_content(wire::ContentId const& content, std::string const& manifest,
                policies::HashAlgorithm const& algorithm) {
    auto const digest = policies::digest(algorithm, std::as_bytes(std::span(manifest)));
    return digest.size() >= wire::ContentId::size &&
           std::memcmp(digest.data(), content.bytes.data(), wire::ContentId::size) == 0;
}

}  // namespace

DownloadJob::DownloadJob(Services& services, Order order, std::shared_ptr<PolicySlot> policy,
                         OnDone on_done)
    : services_(services),
      order_(std::move(order)),
      policy_(std::move(policy)),
      on_done_(std::move(on_done)),
      finder_(services) {}

DownloadJob::~DownloadJob() {
    if (progress_timer_) {
        services_.reactor.cancel(*progress_timer_);
    }
}

void DownloadJob::start() {
    started_ = services_.reactor.now();
    finder_.find(order_.query,
                 [self = shared_from_this()](auto found) { self->on_found(std::move(found)); });
}

void DownloadJob::cancel() {
    if (over_) {
        return;
    }
    found_.clear();
    ready_.clear();
    auto const running = running_;
    for (auto const& [key, transfer] : running) {
        transfer->cancel();
    }
    finish(Error{Errc::interrupted, "interrupted; the same command goes on where it stopped"});
}

// ---- what is to be fetched ----

void DownloadJob::on_found(Result<std::vector<Found>> found) {
    if (over_) {
        return;
    }
    if (!found) {
        return finish(found.error());
    }
    choose_versions(std::move(*found));
    if (!order_.out.empty() && found_.size() != 1) {
        return finish(Error{Errc::usage, "-o names one file, but '" + wire::escape(order_.query) +
                                             "' matches " + std::to_string(found_.size())});
    }
    files_total_ = found_.size();
    for (auto const& file : found_) {
        bytes_total_ += file.size;
    }
    finder_.probe({found_.begin(), found_.end()},
                  [self = shared_from_this()](auto probed, auto const&) {
                      self->on_probed(std::move(probed));
                  });
    report_progress();
}

/// Of several versions of one name, the one that most peers have. If it is to take the place of
/// what is here, that is not what only this peer has.
void DownloadJob::choose_versions(std::vector<Found> found) {
    bool const replaces = order_.force || order_.repair;
    auto const is_last = [&](Found const& file) {
        return replaces && std::ranges::all_of(file.sources, [this](auto const& source) {
                   return source.peer == services_.self;
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
        services_.log(LogLevel::warning, "'" + wire::escape(file.name) + "' has another version " +
                                             wire::to_hex(file.content).substr(0, 12) +
                                             "; fetching " +
                                             wire::to_hex(found_.back().content).substr(0, 12) +
                                             ", which most peers have (NAME@ID picks one)");
    }
}

void DownloadJob::on_probed(Finder::Probed probed) {
    probed_ = std::move(probed);
    probing_ = false;
    advance();
}

std::vector<Candidate> DownloadJob::candidates(Found const& file) const {
    std::vector<Candidate> all;
    for (auto const& source : file.sources) {
        auto const found = probed_.find(source.listens);
        if (source.peer != services_.self && found != probed_.end()) {
            auto candidate = found->second;
            candidate.completeness = static_cast<double>(source.have_ppm) / wire::complete_ppm;
            all.push_back(std::move(candidate));
        }
    }
    return all;
}

/// Begins what can be begun; ends the job when nothing is left.
void DownloadJob::advance() {
    if (over_ || probing_ || std::exchange(advancing_, true)) {
        return;
    }
    auto const self = shared_from_this();
    while (true) {
        while (!ready_.empty() && room(ready_.front().file.size)) {
            auto next = std::move(ready_.front());
            ready_.pop_front();
            begin(next.file, std::move(next.manifest));
        }
        if (asking_ > 0 || ready_.size() >= manifest_batch || found_.empty()) {
            break;
        }
        fetch_manifests();  // those of our own files are ready at once
    }
    advancing_ = false;
    if (running_.empty() && ready_.empty() && found_.empty() && asking_ == 0) {
        finish();
    }
}

bool DownloadJob::room(std::uint64_t file_bytes) const {
    return running_.empty() ||
           (running_.size() < running_files_most &&
            running_bytes_ + std::min(file_bytes, running_bytes_most) <= running_bytes_most);
}

// ---- manifests ----

/// Asks for those of the next files. Files of one share mostly have the same sources, so a batch
/// is made of neighbours with equal ones.
void DownloadJob::fetch_manifests() {
    auto const same_sources = [](Found const& a, Found const& b) {
        return std::ranges::equal(a.sources, b.sources, {}, &wire::SourceEntry::listens,
                                  &wire::SourceEntry::listens);
    };
    auto batch = std::make_shared<std::vector<Found>>();
    while (!found_.empty() && batch->size() < manifest_batch &&
           (batch->empty() || same_sources(batch->front(), found_.front()))) {
        batch->push_back(std::move(found_.front()));
        found_.pop_front();
    }
    asking_ += batch->size();
    ask_manifests(std::move(batch), 0);
}

/// Asks the source of this number; the next one when it fails.
void DownloadJob::ask_manifests(std::shared_ptr<std::vector<Found>> batch, std::size_t source) {
    auto const sources = candidates(batch->front());
    if (source >= sources.size()) {
        auto const files = std::move(*batch);
        for (auto const& file : files) {
            --asking_;
            auto const* mine = services_.share.by_content(file.content);
            if (mine != nullptr) {
                on_manifest(file, *mine->manifest);
                continue;
            }
            fail_file(file, source == 0 ? Error{Errc::network, "none of its sources can be reached"}
                                        : Error{Errc::timeout, "no source gives its manifest"});
        }
        return advance();
    }
    wire::GetManifests question;
    for (auto const& file : *batch) {
        question.contents.push_back(file.content);
    }
    auto const link = sources[source].link;
    link->ask(question, manifest_patience,
              [self = shared_from_this(), batch, source, link](auto answer) {
                  self->on_manifests(batch, source, std::move(answer));
              });
}

void DownloadJob::on_manifests(std::shared_ptr<std::vector<Found>> const& batch, std::size_t source,
                               Result<wire::Message> answer) {
    if (over_) {
        return;
    }
    auto const* reply = answer ? std::get_if<wire::Manifests>(&*answer) : nullptr;
    if (reply == nullptr || reply->parts.empty()) {
        return ask_manifests(batch, source + 1);
    }
    auto const link = candidates(batch->front())[source].link;
    std::size_t taken = 0;
    auto missing = std::make_shared<std::vector<Found>>();
    for (auto const& part : reply->parts) {
        if (taken == batch->size() || part.content != (*batch)[taken].content) {
            break;
        }
        auto& file = (*batch)[taken++];
        if (part.total == 0 || part.total > wire::limits::manifest_bytes || part.offset != 0 ||
            part.bytes.empty()) {
            missing->push_back(std::move(file));
        } else if (part.bytes.size() < part.total) {
            fetch_long_manifest(std::move(file), part.bytes, link);
        } else {
            --asking_;
            on_manifest(file, part.bytes);
        }
    }
    if (!missing->empty()) {
        ask_manifests(missing, source + 1);
    }
    batch->erase(batch->begin(), batch->begin() + static_cast<std::ptrdiff_t>(taken));
    if (!batch->empty()) {
        ask_manifests(batch, taken == 0 ? source + 1 : source);
    }
    advance();
}

void DownloadJob::fetch_long_manifest(Found file, std::string so_far, std::shared_ptr<Link> link) {
    wire::GetManifests const question{{file.content}, so_far.size()};
    auto on_answer = [self = shared_from_this(), file, so_far, link](auto answer) mutable {
        if (self->over_) {
            return;
        }
        auto const* reply = answer ? std::get_if<wire::Manifests>(&*answer) : nullptr;
        bool const good = reply != nullptr && reply->parts.size() == 1 &&
                          reply->parts[0].offset == so_far.size() &&
                          !reply->parts[0].bytes.empty() &&
                          so_far.size() < wire::limits::manifest_bytes;
        if (!good) {
            --self->asking_;
            self->fail_file(file, Error{Errc::timeout, "its manifest cannot be fetched"});
            return self->advance();
        }
        so_far += reply->parts[0].bytes;
        if (so_far.size() < reply->parts[0].total) {
            return self->fetch_long_manifest(std::move(file), std::move(so_far), std::move(link));
        }
        --self->asking_;
        self->on_manifest(file, so_far);
        self->advance();
    };
    link->ask(question, manifest_patience, std::move(on_answer));
}

void DownloadJob::on_manifest(Found const& file, std::string const& bytes) {
    auto manifest = wire::decode_manifest(bytes);
    if (!manifest) {
        return fail_file(file, manifest.error());
    }
    auto const algorithm = services_.hashes.get(manifest->algorithm);
    if (!algorithm) {
        return fail_file(file, algorithm.error());
    }
    bool const right = (*algorithm)->digest_size() == manifest->digest_bytes &&
                       is_content(file.content, bytes, **algorithm) &&
                       manifest->file_bytes == file.size;
    if (!right) {
        return fail_file(file, Error{Errc::integrity,
                                     "a source sent a manifest that is not the one of this "
                                     "content"});
    }
    ready_.push_back({file, std::make_shared<wire::Manifest const>(std::move(*manifest))});
}

// ---- files ----

void DownloadJob::begin(Found const& file, std::shared_ptr<wire::Manifest const> manifest) {
    auto const algorithm = services_.hashes.get(manifest->algorithm);
    PartFile::Target target;
    target.tree = services_.tree;
    target.name = order_.out.empty() ? file.name : order_.out;
    target.content = file.content;
    target.manifest = std::move(manifest);
    target.algorithm = *algorithm;
    target.replace = order_.force || order_.repair;
    target.repair = order_.repair;
    auto holder = std::make_shared<std::weak_ptr<FileTransfer>>();
    auto const self = weak_from_this();
    auto transfer = std::make_shared<FileTransfer>(
        services_, std::move(target), order_.sources, policy_,
        FileTransfer::Owner{.on_done =
                                [self, holder, file](DownloadedFile report) {
                                    auto const job = self.lock();
                                    auto const over = holder->lock();
                                    if (job && over) {
                                        job->on_file_done(file, over.get(), std::move(report));
                                    }
                                },
                            .search =
                                [self, holder, file] {
                                    if (auto const job = self.lock()) {
                                        job->search(*holder, file);
                                    }
                                }});
    *holder = transfer;
    for (auto& candidate : candidates(file)) {
        transfer->add_candidate(std::move(candidate));
    }
    running_bytes_ += std::min(file.size, running_bytes_most);
    running_.emplace(transfer.get(), transfer);
    transfer->start();
}

/// Whoever has this content now, or a part of it.
void DownloadJob::search(std::weak_ptr<FileTransfer> const& transfer, Found const& file) {
    auto const self = shared_from_this();
    services_.tracker.find(wire::FindBy::content_prefix, wire::to_hex(file.content),
                           [self, transfer, file](Result<std::vector<Found>> found) {
                               auto const alive = transfer.lock();
                               if (!alive || self->over_) {
                                   return;
                               }
                               // Without a tracker, those that had it may still be there.
                               auto const files = found ? std::move(*found) : std::vector{file};
                               std::vector<wire::SourceEntry> sources;
                               for (auto const& each : files) {
                                   for (auto const& source : each.sources) {
                                       if (!alive->uses(source.listens)) {
                                           sources.push_back(source);
                                       }
                                   }
                               }
                               self->finder_.probe_each(
                                   sources,
                                   [transfer](Candidate candidate) {
                                       if (auto const there = transfer.lock()) {
                                           there->add_candidate(std::move(candidate));
                                       }
                                   },
                                   [transfer] {
                                       if (auto const there = transfer.lock()) {
                                           there->on_search_done();
                                       }
                                   });
                           });
}

void DownloadJob::on_file_done(Found const& file, FileTransfer const* transfer,
                               DownloadedFile report) {
    running_.erase(transfer);
    running_bytes_ -= std::min(file.size, running_bytes_most);
    bytes_done_ += file.size;
    report_.bytes_fetched += report.bytes_fetched;
    report_.files.push_back(std::move(report));
    advance();
}

void DownloadJob::fail_file(Found const& file, Error error) {
    DownloadedFile report;
    report.name = order_.out.empty() ? file.name : order_.out;
    report.content = wire::to_hex(file.content);
    report.size = file.size;
    report.error = std::move(error);
    report_.files.push_back(std::move(report));
    bytes_done_ += file.size;
}

// ---- progress and the end ----

DownloadProgress DownloadJob::progress() const {
    DownloadProgress progress;
    progress.name = order_.query;
    progress.bytes_done = bytes_done_;
    progress.bytes_total = bytes_total_;
    progress.files_done = report_.files.size();
    progress.files_total = files_total_;
    for (auto const& [key, transfer] : running_) {
        auto file = transfer->progress();
        progress.bytes_done += file.bytes_done;
        progress.sources = std::max(progress.sources, file.sources);
        progress.running.push_back(std::move(file));
    }
    std::ranges::sort(progress.running, {}, &FileProgress::name);
    return progress;
}

std::vector<DownloadStatus> DownloadJob::status() const {
    std::vector<DownloadStatus> files;
    for (auto const& [key, transfer] : running_) {
        files.push_back(transfer->status());
    }
    return files;
}

void DownloadJob::report_progress() {
    progress_timer_.reset();
    if (over_ || !order_.on_progress) {
        return;
    }
    auto current = progress();
    auto const now = services_.reactor.now();
    auto fetched = report_.bytes_fetched;
    for (auto const& [key, transfer] : running_) {
        fetched += transfer->bytes_fetched();
    }
    history_.emplace_back(now, fetched);
    while (history_.size() > 2 && now - history_.front().first > rate_window) {
        history_.pop_front();
    }
    auto const& [since, bytes] = history_.front();
    if (now > since) {
        current.bytes_per_second = static_cast<double>(fetched - bytes) / seconds(now - since);
    }
    order_.on_progress(current);
    progress_timer_ = services_.reactor.at(now + progress_every, [weak = weak_from_this()] {
        if (auto const self = weak.lock()) {
            self->report_progress();
        }
    });
}

void DownloadJob::finish(std::optional<Error> error) {
    if (std::exchange(over_, true)) {
        return;
    }
    auto const on_done = std::exchange(on_done_, {});
    if (error && report_.files.empty()) {
        return on_done(*error);
    }
    if (order_.on_progress) {
        order_.on_progress(progress());
    }
    report_.seconds = seconds(services_.reactor.now() - started_);
    on_done(std::move(report_));
}

}  // namespace xfsbus::peer
