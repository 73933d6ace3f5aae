// How a DownloadTask comes by the manifests of its files.
#include "jobs/download_task.hpp"
#include "telemetry/log_events.hpp"

#include <xfsbus/swarm/reasons.hpp>

#include <algorithm>

namespace xfsbus::peer::jobs {

ManifestFetch::Owner DownloadTask::manifest_owner() {
    auto const self = weak_from_this();
    auto const alive = [self](auto then) {
        return [self, then](auto const& what) {
            if (auto const job = self.lock()) {
                then(*job, what);
            }
        };
    };
    return {.link =
                [self](wire::Endpoint const& source) {
                    auto const job = self.lock();
                    auto const found = job ? job->probed_.find(source) : decltype(probed_.end()){};
                    return job && found != job->probed_.end() ? found->second.link : nullptr;
                },
            .on_have = alive([](auto& job, swarm::ManifestFetcher::Have const& have) {
                job.on_manifest(have.content, have.manifest, have.file);
            }),
            .on_failed = alive([](auto& job, swarm::ManifestFetcher::Failed const& failed) {
                job.on_no_manifest(failed.content, failed.error);
            }),
            .on_discredited =
                alive([](auto& job, swarm::ManifestFetcher::Discredited const& discredited) {
                    job.on_discredited(discredited);
                }),
            .search = alive([](auto& job, wire::ContentId const& content) {
                job.search_for_manifest(content);
            })};
}

/// What this peer has itself it need not ask for.
void DownloadTask::on_probed(std::vector<Found> const& files) {
    if (over_) {
        return;
    }
    probing_ = false;
    std::vector<swarm::ManifestFetcher::Want> wants;
    for (auto const& file : files) {
        auto const want = want_of(file);
        asking_[file.content].push_back(file);
        ++asking_count_;
        auto const* mine = parts_.share.by_content(file.content);
        if (mine == nullptr) {
            wants.push_back(want);
            continue;
        }
        auto on_checked = [weak = weak_from_this(), want](ManifestFetch::Checked const& checked) {
            if (auto const self = weak.lock()) {
                checked ? self->on_manifest(want.content, *checked, {})
                        : self->manifests_->want({want});
            }
        };
        manifests_->check_own(file.content, mine->manifest, std::move(on_checked));
    }
    manifests_->want(wants);
    advance();
}

swarm::ManifestFetcher::Want DownloadTask::want_of(Found const& file) const {
    swarm::ManifestFetcher::Want want{file.content, file.size, {}};
    for (auto const& candidate : candidates(file)) {
        want.sources.push_back(candidate.link->endpoint());
    }
    return want;
}

/// From now on the size that it says is that of the file.
void DownloadTask::on_manifest(wire::ContentId const& content,
                               std::shared_ptr<wire::Manifest const> const& manifest,
                               wire::FileAttributes const& about) {
    auto const node = asking_.extract(content);
    if (over_ || node.empty()) {
        return;
    }
    asking_count_ -= node.mapped().size();
    for (auto& file : node.mapped()) {
        bytes_total_ = bytes_total_ - file.size + manifest->file_bytes;
        file.size = manifest->file_bytes;
        ready_bytes_ += manifest->digests.size();
        ready_.push_back({std::move(file), manifest, about});
    }
    advance_soon();
}

void DownloadTask::on_no_manifest(wire::ContentId const& content, Error const& error) {
    auto const node = asking_.extract(content);
    if (over_ || node.empty()) {
        return;
    }
    asking_count_ -= node.mapped().size();
    for (auto const& file : node.mapped()) {
        auto const why = candidates(file).empty() ? unreached(file, error) : error;
        if (!try_other_version(file, why)) {
            fail_file(file, why);
        }
    }
    advance();
}

/// Who is said to have it, and why that does not help.
Error DownloadTask::unreached(Found const& file, Error error) const {
    std::vector<std::string> reasons;
    for (auto const& source : file.sources) {
        auto const found = silent_.find(source.listens);
        if (found != silent_.end()) {
            reasons.push_back(found->second.why);
        }
    }
    error.message += swarm::tail_of_reasons(reasons);
    return error;
}

void DownloadTask::on_discredited(swarm::ManifestFetcher::Discredited const& discredited) {
    auto const files = asking_.find(discredited.content);
    if (over_ || files == asking_.end()) {
        return;
    }
    discredited_[discredited.content].insert(discredited.source);
    parts_.log(telemetry::source_lied(files->second.front().name, discredited.source.to_string(),
                                      discredited.why));
}

/// Everybody who was known has failed.
void DownloadTask::search_for_manifest(wire::ContentId const& content) {
    auto const files = asking_.find(content);
    if (over_ || files == asking_.end()) {
        return manifests_->on_search_done(content);
    }
    auto on_each = [weak = weak_from_this(), content](wire::SourceEntry const& source,
                                                      auto candidate) {
        auto const self = weak.lock();
        if (!self || !candidate) {
            return;
        }
        auto const there = self->asking_.find(content);
        if (there == self->asking_.end()) {
            return;
        }
        self->probed_.insert_or_assign(source.listens, std::move(*candidate));
        for (auto& file : there->second) {
            file.sources.push_back(source);
        }
        self->manifests_->add_source(content, source.listens);
    };
    auto const file = files->second.front();
    auto const known = [file](wire::Endpoint const& endpoint) {
        return std::ranges::find(file.sources, endpoint, &wire::SourceEntry::listens) !=
               file.sources.end();
    };
    find_more(file, known, on_each,
              [manifests = manifests_, content] { manifests->on_search_done(content); });
}

}  // namespace xfsbus::peer::jobs
