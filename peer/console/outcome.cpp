#include "outcome.hpp"

#include <algorithm>
#include <array>

namespace xfsbus::console {
namespace {

using peer::PushState;

std::size_t count(peer::PushReport const& report, PushState state) {
    return static_cast<std::size_t>(
        std::ranges::count(report.targets, state, &peer::PushTarget::state));
}

}  // namespace

std::size_t failed_files(peer::DownloadReport const& report) {
    return static_cast<std::size_t>(std::ranges::count_if(
        report.files, [](auto const& file) { return file.error.has_value(); }));
}

std::size_t present_files(peer::DownloadReport const& report) {
    return static_cast<std::size_t>(std::ranges::count_if(
        report.files, [](auto const& file) { return !file.error && file.present; }));
}

/// Corruption before all, then what is the matter with this machine, then with the others, then
/// that somebody pressed Ctrl-C.
int code_of(peer::DownloadReport const& report) {
    static constexpr std::array order = {Errc::integrity,  Errc::disk,
                                         Errc::plugin,     Errc::not_authorised,
                                         Errc::failed,     Errc::usage,
                                         Errc::network,    Errc::timeout,
                                         Errc::not_found,  Errc::tracker_unreachable,
                                         Errc::interrupted};
    auto const* worst = order.end();
    for (auto const& file : report.files) {
        if (file.error) {
            worst = std::min(worst, std::ranges::find(order, file.error->code));
        }
    }
    return worst == order.end() ? 0 : static_cast<int>(*worst);
}

bool unfinished(peer::PushReport const& report) {
    return count(report, PushState::asking) + count(report, PushState::waiting) +
               count(report, PushState::fetching) >
           0;
}

std::size_t missing(peer::PushReport const& report, std::size_t wanted) {
    auto const there = count(report, PushState::there);
    if (wanted > 0) {
        return wanted - std::min(wanted, there);
    }
    return report.targets.size() - there - count(report, PushState::refused);
}

int code_of(peer::PushReport const& report, std::size_t wanted) {
    return missing(report, wanted) == 0 ? 0 : static_cast<int>(Errc::failed);
}

}  // namespace xfsbus::console
