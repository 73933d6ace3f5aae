// What a DownloadTask does about several versions of one name.
#include "jobs/download_task.hpp"
#include "telemetry/log_events.hpp"

#include <xfsbus/wire/name.hpp>

#include <algorithm>

namespace xfsbus::peer::jobs {
namespace {

/// A file that changed at its sources: so long its new version is looked for, and so often.
constexpr auto follow_most = std::chrono::seconds(10);
constexpr auto follow_pause = std::chrono::milliseconds(500);
/// Of one name, one after the other, as it goes on changing.
constexpr std::size_t versions_most = 4;

}  // namespace

/// A user who asks for a name wants what has it now; who asks for NAME@ID does not.
bool DownloadTask::has_new_version(Found const& file, DownloadedFile const& report) const {
    bool const lost =
        report.error && report.changed &&
        (report.error->code == Errc::timeout || report.error->code == Errc::integrity ||
         report.error->code == Errc::not_found);
    auto const at = order_.query.rfind('@');
    bool const pinned = at != std::string::npos && file.name != order_.query &&
                        wire::to_hex(file.content).starts_with(order_.query.substr(at + 1));
    auto const tried = outdated_.find(file.name);
    return lost && !pinned && (tried == outdated_.end() || tried->second.size() < versions_most);
}

void DownloadTask::follow(Found const& file, DownloadedFile report) {
    follow(file, std::move(report), parts_.network.scheduler.now() + follow_most);
}

/// Its source has to read it first.
void DownloadTask::follow(Found const& file, DownloadedFile report, wire::Time until) {
    parts_.network.tracker.find({wire::FindBy::name, file.name, {}, 0, first_sources()},
                                [weak = weak_from_this(), file, report = std::move(report),
                                 until](Result<std::vector<Found>> const& found) {
                                    if (auto const self = weak.lock(); self && !self->over_) {
                                        self->on_followed(file, report, until, found);
                                    }
                                });
}

void DownloadTask::on_followed(Found const& file, DownloadedFile report, wire::Time until,
                               Result<std::vector<Found>> const& found) {
    auto const now = parts_.network.scheduler.now();
    auto const& old = outdated_[file.name];
    auto const next = found ? std::ranges::find_if(*found,
                                                   [&](Found const& version) {
                                                       return version.name == file.name &&
                                                              !old.contains(version.content);
                                                   })
                            : decltype(found->begin()){};
    if (found && next != found->end()) {
        --following_;
        parts_.log(telemetry::version_changed(file.name, wire::to_hex(next->content)));
        bytes_total_ = bytes_total_ - file.size + next->size;
        found_.push_front(*next);
        return advance();
    }
    if (now < until) {
        parts_.network.scheduler.at(
            now + follow_pause, [weak = weak_from_this(), file, report = std::move(report), until] {
                if (auto const self = weak.lock(); self && !self->over_) {
                    self->follow(file, report, until);
                }
            });
        return;
    }
    --following_;
    report.error = Error{Errc::not_found,
                         "it has changed at its sources, and nobody offers a new "
                         "version of it yet (" +
                             report.error->message + ")"};
    report_file(file, std::move(report));
    advance();
}

/// A version that nobody can describe does not keep the others of its name from being fetched.
bool DownloadTask::try_other_version(Found const& file, Error const& error) {
    auto const others = other_versions_.find(file.name);
    if (others == other_versions_.end() || others->second.empty()) {
        return false;
    }
    auto other = std::move(others->second.front());
    others->second.pop_front();
    auto const id = [](Found const& of) { return wire::to_hex(of.content).substr(0, 12); };
    parts_.log(telemetry::note(LogLevel::warning, "version " + id(file) + " of '" +
                                                      wire::escape(file.name) +
                                                      "' cannot be fetched: " + error.message +
                                                      "; fetching " + id(other) + " instead"));
    bytes_total_ = bytes_total_ - file.size + other.size;
    found_.push_front(std::move(other));
    return true;
}

}  // namespace xfsbus::peer::jobs
