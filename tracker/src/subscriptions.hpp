#pragma once

#include "change_log.hpp"
#include "quota.hpp"

#include <xfsbus/tracker/directory.hpp>
#include <xfsbus/wire/sender.hpp>
#include <xfsbus/wire/time.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace xfsbus::tracker {

/// A question of a subscription: what has changed since?
struct Question {
    wire::Sender sender;
    std::uint64_t request = 0;
    Subject subject;
    std::uint64_t sequence = 0;  ///< the last change that was looked at for it
    wire::Time until;            ///< then it is answered, whatever has changed
};

/// The questions of subscriptions that wait for a change, and whose turn it is to be looked at.
/// One thread.
class Subscriptions {
  public:
    using Id = std::uint64_t;
    using Waiting = std::pair<Id const, Question>;

    explicit Subscriptions(Directory::Share const& most) : quota_(most) {}

    /// False at one of the limits.
    bool add(Question&& question);
    void remove(Id id);
    /// The connection is closed.
    void forget(wire::Route const& route);

    [[nodiscard]] std::size_t size() const { return questions_.size(); }

    /// When the first of them has waited long enough; nullopt: there is none.
    [[nodiscard]] std::optional<wire::Time> first_end() const;
    /// That one; nullptr: its time has not come.
    [[nodiscard]] Waiting const* ended(wire::Time now) const;

    // ---- rounds: each question is looked at once ----

    /// A round begins at `when`, unless there is nothing new for anybody, or one is planned
    /// already.
    void plan_round(std::uint64_t last_change, wire::Time when);

    [[nodiscard]] std::optional<wire::Time> round() const { return round_; }

    /// The next one to be looked at; nullptr, and the round is over: all have been.
    [[nodiscard]] Waiting* next_in_round(std::uint64_t last_change);

  private:
    std::map<Id, Question> questions_;
    std::set<std::pair<wire::Time, Id>> ends_;
    Quota quota_;
    Id last_ = 0;

    std::optional<wire::Time> round_;  ///< when it begins, or began
    Id looked_at_ = 0;                 ///< in this round, last
    std::uint64_t round_to_ = 0;       ///< the last change that this round looks at
    bool left_behind_ = false;         ///< in this round somebody has not come so far
    std::uint64_t looked_to_ = 0;      ///< the last change that no question is behind
};

}  // namespace xfsbus::tracker
