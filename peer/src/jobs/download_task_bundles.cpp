// How a DownloadTask fetches small files together.
#include "jobs/download_task.hpp"

#include <xfsbus/wire/limits.hpp>

#include <algorithm>

namespace xfsbus::peer::jobs {
namespace {

/// Of larger files a bundle holds too few to be worth it.
constexpr std::uint64_t bundled_bytes_most = wire::limits::bundle_bytes / 4;
/// So often a source may fail to deliver a bundle; from then on it is asked for each file.
constexpr std::size_t bundle_failures_most = 8;

}  // namespace

/// Those that are read meanwhile, replaced, put elsewhere, or slowed down, each have rules of their
/// own; one that is to survive a power cut waits longer for the disk than for its source.
bool DownloadTask::bundles() const {
    auto const& reception = parts_.transfer.reception;
    return !order_.force && !order_.repair && order_.out.empty() && !order_.stream &&
           play_.bytes_per_second == 0 && reception.bytes_per_second == 0 &&
           reception.throttle.rate() == 0 && parts_.destination.durability == Durability::process;
}

bool DownloadTask::may_be_bundled(Ready const& ready) const {
    auto const delivers = [this](wire::SourceEntry const& source) {
        if (source.have_ppm != wire::complete_ppm || bundle_failures_.empty()) {
            return source.have_ppm == wire::complete_ppm;
        }
        auto const failed = bundle_failures_.find(source.listens.to_string());
        return failed == bundle_failures_.end() || failed->second < bundle_failures_most;
    };
    auto const bytes = ready.manifest->file_bytes;
    return !ready.alone && bytes > 0 && bytes <= bundled_bytes_most &&
           std::ranges::all_of(ready.file.sources, delivers) &&
           !discredited_.contains(ready.file.content) && !known_stamp(ready.file);
}

/// How many of the files that are ready come next as one bundle: neighbours that the same peers
/// have, so that the policy chooses among the same for all.
std::size_t DownloadTask::next_bundle() const {
    if (!bundles() || !may_be_bundled(ready_.front())) {
        return 0;
    }
    auto const& sources = ready_.front().file.sources;
    std::uint64_t bytes = 0;
    std::size_t count = 0;
    for (auto const& ready : ready_) {
        bytes += ready.manifest->file_bytes;
        bool const fits =
            count < wire::limits::contents_per_bundle && bytes <= wire::limits::bundle_bytes &&
            may_be_bundled(ready) &&
            std::ranges::is_permutation(ready.file.sources, sources, {},
                                        &wire::SourceEntry::listens, &wire::SourceEntry::listens);
        if (!fits) {
            break;
        }
        ++count;
    }
    return count;
}

/// The first of those that are ready. A place has been taken for them.
void DownloadTask::begin_bundle(std::size_t count) {
    std::vector<Ready> files;
    for (; count > 0; --count) {
        auto next = take_ready();
        if (take_name(next.file)) {
            files.push_back(std::move(next));
        }
    }
    if (files.empty()) {
        return parts_.destination.places.give_back();
    }
    BundleTransfer::Wanted wanted;
    wanted.candidates = candidates(files.front().file);
    wanted.sources_most = order_.sources;
    wanted.policy = policy_;
    wanted.targets.reserve(files.size());
    for (auto const& ready : files) {
        wanted.targets.push_back(target_of(ready.file, ready.manifest, ready.about));
        running_bytes_ += std::min(ready.file.size, running_bytes_most);
        tell_begun(ready.file);
    }
    bundled_ += files.size();
    auto const number = ++bundles_begun_;
    auto const transfer = std::make_shared<BundleTransfer>(
        parts_.transfer, std::move(wanted),
        [weak = weak_from_this(), number](BundleTransfer::Ended ended) {
            if (auto const self = weak.lock()) {
                self->on_bundle_done(number, std::move(ended));
            }
        });
    bundles_.emplace(number, RunningBundle{transfer, std::move(files)});
    transfer->start();
}

void DownloadTask::on_bundle_done(std::uint64_t number, BundleTransfer::Ended ended) {
    auto node = bundles_.extract(number);
    auto& files = node.mapped().files;
    bundled_ -= files.size();
    parts_.destination.places.give_back();
    for (auto const& source : ended.failed) {
        ++bundle_failures_[source];
    }
    for (std::size_t i = 0; i < files.size(); ++i) {
        auto& ready = files[i];
        running_bytes_ -= std::min(ready.file.size, running_bytes_most);
        parts_.destination.names.give_back(target_name(ready.file));
        if (auto& report = ended.files[i]) {
            report_.bytes_fetched += report->bytes_fetched;
            report_file(ready.file, std::move(*report));
        } else if (!over_) {
            ready.alone = true;
            ready_bytes_ += ready.manifest->digests.size();
            ready_.push_front(std::move(ready));
        }
    }
    advance();
}

}  // namespace xfsbus::peer::jobs
