// What a DownloadJob tells of itself.
#include "shell/download_job.hpp"

#include <algorithm>

namespace xfsbus::peer {

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

}  // namespace xfsbus::peer
