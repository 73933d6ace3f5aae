#include "push_view.hpp"

#include "progress_lines.hpp"
#include "sizes.hpp"

#include <xfsbus/wire/endpoint.hpp>
#include <xfsbus/wire/name.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>

namespace xfsbus::console {
namespace {

using peer::PushState;
using peer::PushTarget;

/// What a rate is the mean of.
constexpr auto rate_window = std::chrono::seconds(3);

/// Those in which something happens come first where there is no room for all.
constexpr std::array by_interest = {PushState::fetching, PushState::waiting, PushState::asking,
                                    PushState::failed,   PushState::there,   PushState::refused};

std::string address_of(PushTarget const& target) {
    return wire::escape(wire::Endpoint{target.host, target.port}.to_string());
}

std::vector<PushTarget const*> by_rank(std::vector<PushTarget> const& targets) {
    std::vector<PushTarget const*> ranked;
    for (auto const state : by_interest) {
        for (auto const& target : targets) {
            if (target.state == state) {
                ranked.push_back(&target);
            }
        }
    }
    return ranked;
}

std::vector<PushTarget const*> in_order(std::vector<PushTarget> const& targets) {
    std::vector<PushTarget const*> all;
    all.reserve(targets.size());
    for (auto const& target : targets) {
        all.push_back(&target);
    }
    return all;
}

}  // namespace

std::string_view name_of(PushState state) {
    switch (state) {
        case PushState::asking:
            return "asking";
        case PushState::waiting:
            return "waiting";
        case PushState::fetching:
            return "fetching";
        case PushState::there:
            return "there";
        case PushState::refused:
            return "refused";
        default:
            return "failed";
    }
}

double percent_of(PushTarget const& target, std::uint64_t size) {
    if (size == 0) {
        return target.state == PushState::there ? 100 : 0;
    }
    return std::min(100.0 * static_cast<double>(target.bytes) / static_cast<double>(size), 100.0);
}

Rows push_rows(peer::PushReport const& report, bool named) {
    Rows rows;
    for (auto const& target : report.targets) {
        std::vector<std::string> row = {wire::escape(target.host), std::to_string(target.port),
                                        std::string(name_of(target.state)),
                                        fmt::format("{:.0f}%", percent_of(target, report.size)),
                                        fmt::format("{:.2f}", target.seconds)};
        if (named) {
            row.push_back(wire::escape(report.name));
        }
        if (!target.reason.empty()) {
            row.push_back(target.reason);
        }
        rows.push_back(std::move(row));
    }
    return rows;
}

// ---- PushView ----

std::vector<std::string> PushView::lines(peer::PushProgress const& progress,
                                         TerminalSize const& size, Time now) {
    auto const& report = progress.file;
    note(report, now);
    auto const shown = rows_shown(report.targets.size(), size);
    bool const all = shown == report.targets.size();
    auto targets = all ? in_order(report.targets) : by_rank(report.targets);
    targets.resize(shown);
    std::size_t widest = 0;
    for (auto const* target : targets) {
        widest = std::max(widest, address_of(*target).size());
    }
    std::vector<std::string> lines;
    lines.reserve(shown + 2);
    for (auto const* target : targets) {
        lines.push_back(keep_begin(row(*target, report.size, widest), size.usable_columns()));
    }
    if (!all) {
        lines.push_back(keep_begin(fmt::format("  and {} more", report.targets.size() - shown),
                                   size.usable_columns()));
    }
    lines.push_back(keep_begin(summary(progress), size.usable_columns()));
    return lines;
}

void PushView::note(peer::PushReport const& report, Time now) {
    for (auto const& target : report.targets) {
        auto& history = histories_[{target.host, target.port}];
        history.emplace_back(now, target.bytes);
        while (history.size() > 2 && now - history.front().first > rate_window) {
            history.pop_front();
        }
    }
}

double PushView::rate_of(PushTarget const& target) const {
    auto const found = histories_.find({target.host, target.port});
    if (target.state != PushState::fetching || found == histories_.end()) {
        return 0;
    }
    auto const& [since, before] = found->second.front();
    auto const& [now, bytes] = found->second.back();
    double const seconds = std::chrono::duration<double>(now - since).count();
    return seconds > 0 && bytes > before ? static_cast<double>(bytes - before) / seconds : 0;
}

std::string PushView::row(PushTarget const& target, std::uint64_t size,
                          std::size_t address_columns) const {
    std::string last;
    if (target.state == PushState::fetching) {
        last = show_size(rate_of(target)) + "/s";
    } else if (target.state == PushState::there) {
        last = fmt::format("{:.1f} s", target.seconds);
    } else {
        last = target.reason;
    }
    return fmt::format("  {} {:<8} {:3.0f}%  {}", pad_right(address_of(target), address_columns),
                       name_of(target.state), percent_of(target, size), last);
}

std::string PushView::summary(peer::PushProgress const& progress) const {
    auto const& report = progress.file;
    double rate = 0;
    for (auto const& target : report.targets) {
        rate += rate_of(target);
    }
    std::string counts;
    for (auto const state : by_interest) {
        auto const count = std::ranges::count(report.targets, state, &PushTarget::state);
        if (count > 0) {
            counts += fmt::format(", {} {}", count, name_of(state));
        }
    }
    auto const facts = fmt::format("{}{}, {}/s, {}", show_size(static_cast<double>(report.size)),
                                   counts, show_size(rate), show_time(report.seconds));
    auto const of_all = progress.files > 1
                            ? fmt::format("{} of {} files, ", progress.files_done, progress.files)
                            : std::string();
    return of_all + wire::escape(report.name) + ": " + facts;
}

}  // namespace xfsbus::console
