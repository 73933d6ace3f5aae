// What a DownloadTask does that is to wait for sources.
#include "jobs/download_task.hpp"
#include "telemetry/log_events.hpp"

#include <algorithm>

namespace xfsbus::peer::jobs {
namespace {

constexpr auto look_again_after = std::chrono::seconds(2);

/// It may be otherwise in a while.
bool may_pass(Errc code) {
    return code == Errc::not_found || code == Errc::timeout || code == Errc::network ||
           code == Errc::tracker_unreachable;
}

}  // namespace

bool DownloadTask::may_wait(Error const& why) const {
    return !over_ && may_pass(why.code) && parts_.network.scheduler.now() < news_ + order_.wait;
}

/// Of the whole query nothing is known yet.
void DownloadTask::find_again(Error const& why) {
    parts_.log(telemetry::download_waits(order_.query, why.message));
    parts_.network.scheduler.at(
        parts_.network.scheduler.now() + look_again_after, [weak = weak_from_this()] {
            if (auto const self = weak.lock(); self && !self->over_) {
                self->finder_.find(self->order_.query, self->first_sources(),
                                   [self](auto found) { self->on_found(std::move(found)); });
            }
        });
}

void DownloadTask::wait_for(Found const& file, Error const& why) {
    ++waiting_;
    parts_.log(telemetry::download_waits(file.name, why.message));
    parts_.network.scheduler.at(
        parts_.network.scheduler.now() + look_again_after, [weak = weak_from_this(), file, why] {
            auto const self = weak.lock();
            if (!self || self->over_) {
                return;
            }
            self->parts_.network.tracker.find(
                {wire::FindBy::content_prefix,
                 wire::to_hex(file.content),
                 {},
                 0,
                 self->first_sources()},
                [weak, file, why](Result<std::vector<Found>> const& found) {
                    if (auto const there = weak.lock(); there && !there->over_) {
                        there->on_waited(file, why, found);
                    }
                });
        });
}

void DownloadTask::on_waited(Found const& file, Error const& why,
                             Result<std::vector<Found>> const& found) {
    --waiting_;
    auto again = file;
    again.sources.clear();
    for (auto const& each : found ? *found : std::vector<Found>()) {
        std::ranges::copy(each.sources, std::back_inserter(again.sources));
    }
    if (again.sources.empty()) {
        fail_file(file, why);  // which may wait once more
        return advance();
    }
    silent_.clear();
    found_.push_front(std::move(again));
    advance();
}

}  // namespace xfsbus::peer::jobs
