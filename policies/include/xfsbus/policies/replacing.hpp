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

/// What a rule of replacing takes for better, and for worth a try.
struct ReplaceRule {
    double better = 1.2;   ///< a candidate that is known to be so many times as fast comes in
    double similar = 0.9;  ///< who is as near to the fastest is not given up for an unknown one
    double trial_s = 2;    ///< what is lost by a try: so much of the time of who gives way
    /// Who serves others as well counts as what it delivers to all of them: the rule would else
    /// have each sink of a crowd leave its best source, as that has many sinks. Without it, who was
    /// never tried is taken for as fast as the others are, but for what it serves.
    bool count_load = true;
    /// Also where others fetch the file, and have parts of it: who is fast there changes soon.
    bool crowds = false;
};

/// Who comes in for whom: for the slowest that may give way the fastest candidate if that is known
/// to be better; else one that was never tried, if some source shows how much faster it may be, and
/// there is time enough left to gain by that.
class Replacing {
  public:
    using Rule = ReplaceRule;

    Replacing(RequestView const& request, std::span<SourceView const> sources, Rule rule = {})
        : request_(request), sources_(sources), rule_(rule) {
        for (std::size_t i = 0; i < sources.size(); ++i) {
            in_crowd_ = in_crowd_ || sources[i].completeness < 1;
            has(sources[i], XFSBUS_SOURCE_IN_USE) ? look_at_used(i) : look_at_candidate(i);
        }
    }

    [[nodiscard]] Answer answer() const {
        if (!slowest_ || (in_crowd_ && !rule_.crowds)) {
            return nobody();
        }
        auto const& known =
            has(sources_[*slowest_], XFSBUS_SOURCE_SOLE_HOLDER) ? known_whole_ : known_;
        if (known && rate_of(*known) >= rule_.better * worth(*slowest_)) {
            return swap(*known, *slowest_);
        }
        bool const may = unknown_ && (!has(sources_[*slowest_], XFSBUS_SOURCE_SOLE_HOLDER) ||
                                      sources_[*unknown_].completeness >= 1);
        return may && is_worth_a_try() ? swap(*unknown_, *slowest_) : nobody();
    }

  private:
    [[nodiscard]] double rate_of(std::size_t source) const { return known_rate(sources_[source]); }

    [[nodiscard]] double worth(std::size_t source) const {
        auto const sinks = rule_.count_load ? std::max(sources_[source].load, 1U) : 1U;
        return rate_of(source) * sinks;
    }

    void look_at_used(std::size_t i) {
        total_rate_ += sources_[i].rate_bytes_per_s;
        best_rate_ = std::max(best_rate_, sources_[i].rate_bytes_per_s);
        capacity_ = std::max(capacity_, rate_of(i) * std::max(sources_[i].load, 1U));
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
            bool const better = !known_whole_ || rate_of(i) > rate_of(*known_whole_);
            known_whole_ = source.completeness >= 1 && better ? i : known_whole_;
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
        auto const& out = sources_[*slowest_];
        bool const busy = sources_[*unknown_].load >= std::max(out.load, 1U);
        if (rule_.count_load && busy) {
            return false;  // it has as many sinks, and would have one more
        }
        double const idle = rule_.count_load ? 0 : capacity_ / (1.0 + sources_[*unknown_].load);
        double const best = std::max(best_rate_, idle);
        double const gain = best - worth(*slowest_);
        return worth(*slowest_) < rule_.similar * best &&
               gain * left_s > rate_of(*slowest_) * rule_.trial_s;
    }

    RequestView const& request_;
    std::span<SourceView const> sources_;
    Rule rule_;
    std::optional<std::size_t> slowest_;
    std::optional<std::size_t> known_;        ///< the fastest candidate of those that were tried
    std::optional<std::size_t> known_whole_;  ///< the same of those that have the whole file
    std::optional<std::size_t> unknown_;      ///< of those that were not, the one to try
    bool in_crowd_ = false;                   ///< some sources fetch the file themselves
    double best_rate_ = 0;
    double capacity_ = 0;  ///< of the source in use that delivers most, to all of its sinks
    double total_rate_ = 0;
};

}  // namespace xfsbus::policies
