#pragma once

#include <xfsbus/policies/peer_selector.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace xfsbus::policies {

/// Bytes a second that a source has delivered: measured in this download, or in an earlier one; of
/// one that was asked and has delivered nothing yet, the most that it can be. 0: not known.
inline double known_rate(SourceView const& source) {
    constexpr std::uint64_t soon_us = 400'000;
    if (source.rate_bytes_per_s > 0) {
        return source.rate_bytes_per_s;
    }
    if (source.in_use_us > soon_us && source.outstanding_bytes > 0) {
        return 1e6 * static_cast<double>(source.outstanding_bytes) /
               static_cast<double>(source.in_use_us);
    }
    return source.history_bytes_per_s;
}

/// Who comes in for whom: for the slowest that may give way the fastest candidate if that is known
/// to be better; else one that was never tried, if some source shows how much faster it may be, and
/// there is time enough left to gain by that. Nobody where others fetch the file, and have parts of
/// it: who is fast there changes soon.
class Replacing {
  public:
    Replacing(RequestView const& request, std::span<SourceView const> sources)
        : request_(request), sources_(sources) {
        for (std::size_t i = 0; i < sources.size(); ++i) {
            in_crowd_ = in_crowd_ || sources[i].completeness < 1;
            has(sources[i], XFSBUS_SOURCE_IN_USE) ? look_at_used(i) : look_at_candidate(i);
        }
    }

    [[nodiscard]] Answer answer() const {
        if (!slowest_ || in_crowd_) {
            return nobody();
        }
        if (known_ && rate_of(*known_) >= better * worth(*slowest_)) {
            return swap(*known_, *slowest_);
        }
        return unknown_ && is_worth_a_try() ? swap(*unknown_, *slowest_) : nobody();
    }

  private:
    /// A candidate so many times as fast comes in.
    static constexpr double better = 1.2;
    /// Who is as near to the fastest is not given up for an unknown one.
    static constexpr double similar = 0.9;
    /// What is lost by a try: so much of the time of who gives way.
    static constexpr double trial_s = 2;

    [[nodiscard]] double rate_of(std::size_t source) const { return known_rate(sources_[source]); }

    /// Who serves others as well counts as what it delivers to all of them: the rule would else
    /// have each sink of a crowd leave its best source, as that has many sinks.
    [[nodiscard]] double worth(std::size_t source) const {
        return rate_of(source) * std::max(sources_[source].load, 1U);
    }

    void look_at_used(std::size_t i) {
        total_rate_ += sources_[i].rate_bytes_per_s;
        best_rate_ = std::max(best_rate_, sources_[i].rate_bytes_per_s);
        bool const may = has(sources_[i], XFSBUS_SOURCE_ANSWERABLE) && rate_of(i) > 0;
        if (may && (!slowest_ || worth(i) < worth(*slowest_))) {
            slowest_ = i;
        }
    }

    void look_at_candidate(std::size_t i) {
        auto const& source = sources_[i];
        if (!has(source, XFSBUS_SOURCE_ANSWERABLE) || source.failures > 0) {
            return;
        }
        best_rate_ = std::max(best_rate_, rate_of(i));
        if (rate_of(i) > 0) {
            known_ = !known_ || rate_of(i) > rate_of(*known_) ? i : *known_;
        } else {
            unknown_ = !unknown_ || cost(i) < cost(*unknown_) ? i : *unknown_;
        }
    }

    /// Of those that are not known the nearest and least busy is tried first.
    [[nodiscard]] double cost(std::size_t i) const {
        return sources_[i].latency_ms + 10.0 * sources_[i].load;
    }

    [[nodiscard]] bool is_worth_a_try() const {
        double const left_s = static_cast<double>(request_.left_bytes) / std::max(total_rate_, 1.0);
        if (sources_[*unknown_].load >= std::max(sources_[*slowest_].load, 1U)) {
            return false;  // it has as many sinks, and would have one more
        }
        double const gain = best_rate_ - worth(*slowest_);
        return worth(*slowest_) < similar * best_rate_ &&
               gain * left_s > rate_of(*slowest_) * trial_s;
    }

    RequestView const& request_;
    std::span<SourceView const> sources_;
    std::optional<std::size_t> slowest_;
    std::optional<std::size_t> known_;    ///< the fastest candidate of those that were tried
    std::optional<std::size_t> unknown_;  ///< of those that were not, the one to try
    bool in_crowd_ = false;               ///< some sources fetch the file themselves
    double best_rate_ = 0;
    double total_rate_ = 0;
};

}  // namespace xfsbus::policies
