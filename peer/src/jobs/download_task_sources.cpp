// How a DownloadTask asks the sources of its next files how they are.
#include "jobs/download_task.hpp"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>
#include <vector>

namespace xfsbus::peer::jobs {
namespace {

/// Connections that are kept for the files that are looked at.
constexpr std::size_t links_most = 256;
/// Sources of a file that are asked how they are, if there are so many.
constexpr std::size_t choice_least = 64;
/// A source that did not answer is not asked again for so long.
constexpr auto silent_for = std::chrono::seconds(30);

}  // namespace

/// Asks the sources of the next files how they are.
void DownloadTask::look_on() {
    probing_ = true;
    auto next = next_files();
    std::erase_if(next, [this](Found const& file) { return is_published(file); });
    if (next.empty()) {
        probing_ = false;
        return;
    }
    forget_unused(next);
    auto to_ask = next;
    for (auto& file : to_ask) {
        std::erase_if(file.sources,
                      [this](auto const& source) { return silent_.contains(source.listens); });
    }
    std::vector<wire::Endpoint> known;
    for (auto const& [endpoint, candidate] : probed_) {
        known.push_back(endpoint);
    }
    auto on_each = [weak = weak_from_this()](auto const& source, auto candidate) {
        auto const self = weak.lock();
        if (!self) {
            return;
        }
        if (candidate) {
            self->on_answered(source, std::move(*candidate));
        } else {
            self->silent_.insert_or_assign(
                source.listens,
                Silent{self->parts_.network.scheduler.now(), candidate.error().message});
        }
    };
    finder_.probe_each(to_ask, enough_sources(), known, std::move(on_each),
                       [weak = weak_from_this(), next] {
                           if (auto const self = weak.lock()) {
                               self->on_probed(next);
                           }
                       });
}

/// One that answers late joins what has begun without it.
void DownloadTask::on_answered(wire::SourceEntry const& source, Candidate candidate) {
    probed_.insert_or_assign(source.listens, candidate);
    auto const has = [&](Found const& file) {
        return std::ranges::find(file.sources, source.listens, &wire::SourceEntry::listens) !=
               file.sources.end();
    };
    for (auto const& [content, files] : asking_) {
        if (std::ranges::any_of(files, has)) {
            manifests_->add_source(content, source.listens);
        }
    }
    std::vector<std::shared_ptr<FileTransfer>> lacking;
    for (auto const& [key, running] : running_) {
        if (has(*running.file) && !has_lied(source.listens, running.file->content)) {
            lacking.push_back(running.transfer);
        }
    }
    for (auto const& transfer : lacking) {
        transfer->add_candidate(Candidate(candidate));
    }
}

/// As many as are looked at together.
std::vector<DownloadTask::Found> DownloadTask::next_files() {
    std::vector<Found> next;
    std::set<wire::Endpoint> sources;
    while (!found_.empty() && next.size() < files_ahead_most) {
        auto const& file = found_.front();
        for (std::size_t i = 0; i < std::min(file.sources.size(), enough_sources()); ++i) {
            sources.insert(file.sources[i].listens);
        }
        if (!next.empty() && sources.size() > links_most) {
            break;
        }
        next.push_back(std::move(found_.front()));
        found_.pop_front();
    }
    return next;
}

/// A connection is kept as long as a file at hand has a use for it.
void DownloadTask::forget_unused(std::vector<Found> const& next) {
    auto const now = parts_.network.scheduler.now();
    std::erase_if(silent_,
                  [now](auto const& entry) { return now - entry.second.since > silent_for; });
    if (probed_.size() <= links_most) {
        return;
    }
    std::set<wire::Endpoint> used;
    auto const use = [&](Found const& file) {
        for (auto const& source : file.sources) {
            used.insert(source.listens);
        }
    };
    std::ranges::for_each(next, use);
    for (auto const& [content, files] : asking_) {
        std::ranges::for_each(files, use);
    }
    std::ranges::for_each(ready_, use, &Ready::file);
    std::erase_if(probed_, [&](auto const& entry) { return !used.contains(entry.first); });
}

/// More are asked for when there is a use for them: Download and ManifestFetcher search.
std::uint32_t DownloadTask::first_sources() const {
    return static_cast<std::uint32_t>(
        std::max<std::size_t>(order_.sources, swarm::SinkSession::sources_first));
}

/// Twice as many as are used at once, and enough for the policy to have a choice.
std::size_t DownloadTask::enough_sources() const {
    return std::max(2 * order_.sources, choice_least);
}

std::vector<Candidate> DownloadTask::candidates(Found const& file) const {
    std::vector<Candidate> all;
    for (auto const& source : file.sources) {
        auto const found = probed_.find(source.listens);
        if (found != probed_.end() && !has_lied(source.listens, file.content)) {
            auto candidate = found->second;
            candidate.completeness = static_cast<double>(source.have_ppm) / wire::complete_ppm;
            all.push_back(std::move(candidate));
        }
    }
    return all;
}

bool DownloadTask::has_lied(wire::Endpoint const& source, wire::ContentId const& content) const {
    auto const liars = discredited_.find(content);
    return liars != discredited_.end() && liars->second.contains(source);
}

}  // namespace xfsbus::peer::jobs
