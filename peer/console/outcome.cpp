#include "outcome.hpp"

#include <xfsbus/program/run.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace xfsbus::console {
namespace {

using peer::PushState;

std::size_t count(peer::PushReport const& report, PushState wanted) {
    return static_cast<std::size_t>(
        std::ranges::count(report.targets, wanted, &peer::PushTarget::state));
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
    static constexpr std::array order = {Errc::integrity,
                                         Errc::disk,
                                         Errc::plugin,
                                         Errc::not_authorised,
                                         Errc::failed,
                                         Errc::ended,
                                         Errc::usage,
                                         Errc::network,
                                         Errc::timeout,
                                         Errc::not_found,
                                         Errc::tracker_unreachable,
                                         Errc::interrupted};
    auto const* worst = order.end();
    for (auto const& file : report.files) {
        if (file.error) {
            worst = std::min(worst, std::ranges::find(order, file.error->code));
        }
    }
    return worst == order.end() ? 0 : program::exit_code(*worst);
}

std::size_t lacking(peer::PushReport const& report, peer::PushRequest const& request) {
    auto const there = count(report, PushState::there);
    if (request.to == peer::PushTo::number) {
        return request.peers - std::min(request.peers, there);
    }
    auto const refused = count(report, PushState::refused);
    auto const spared = request.to == peer::PushTo::accepting ? refused : 0;
    return report.targets.size() - there - spared;
}

bool unfinished(peer::PushResult const& result) {
    return std::ranges::any_of(result.files, [](auto const& report) {
        return count(report, PushState::asking) + count(report, PushState::waiting) +
                   count(report, PushState::fetching) >
               0;
    });
}

namespace {

/// What was counted over all files.
struct Shortfall {
    std::size_t files = 0;
    std::size_t copies = 0;
    std::size_t wanted = 0;
    std::size_t refused = 0;
    std::size_t failed = 0;
};

Shortfall count_shortfall(peer::PushResult const& result, peer::PushRequest const& request) {
    Shortfall all;
    for (auto const& report : result.files) {
        auto const lack = lacking(report, request);
        auto const refused = count(report, PushState::refused);
        bool const spared = request.to == peer::PushTo::accepting;
        all.files += lack > 0 ? 1 : 0;
        all.copies += lack;
        all.wanted += request.to == peer::PushTo::number
                          ? request.peers
                          : report.targets.size() - (spared ? refused : 0);
        all.refused += spared ? 0 : refused;
        all.failed += count(report, PushState::failed);
    }
    return all;
}

std::string who_lacks(Shortfall const& all, std::size_t files, peer::PushTo to) {
    if (all.copies == 0) {
        return "all that were asked have it";
    }
    auto const of_files =
        files > 1 ? fmt::format("{} of {} files did not come everywhere: ", all.files, files)
                  : std::string();
    auto const* const advice =
        all.refused > 0 ? "; a peer takes pushes that is started with --accept-push" : "";
    if (to == peer::PushTo::number) {
        return of_files +
               fmt::format(
                   "{} of {} peers have it, {} missing: there is no other that "
                   "would take it",
                   all.wanted - all.copies, all.wanted, all.copies) +
               advice;
    }
    auto text = of_files + fmt::format("{} of {} {}: {} refused, {} failed", all.copies, all.wanted,
                                       files > 1 ? "copies are lacking" : "peers lack it",
                                       all.refused, all.failed);
    if (all.refused > 0) {
        text +=
            "; a peer takes pushes that is started with --accept-push, and --to accepting "
            "leaves the others out";
    }
    return text;
}

}  // namespace

std::optional<std::string> shortfall(peer::PushResult const& result,
                                     peer::PushRequest const& request) {
    auto const all = count_shortfall(result, request);
    if (all.copies == 0 && result.settled && result.left_out == 0) {
        return std::nullopt;
    }
    auto text = who_lacks(all, result.files.size(), request.to);
    if (!result.settled) {
        text += "; the tracker's list of peers did not settle, so others may lack it, too";
    }
    if (result.left_out > 0) {
        text += fmt::format("; {} peers were too many to be asked", result.left_out);
    }
    return text;
}

}  // namespace xfsbus::console
