#include "subscriptions.hpp"

#include <algorithm>

namespace xfsbus::tracker {

bool Subscriptions::add(Question&& question) {
    if (!quota_.take(question.sender)) {
        return false;
    }
    looked_to_ = std::min(looked_to_, question.sequence);
    ends_.emplace(question.until, ++last_);
    questions_.emplace(last_, std::move(question));
    return true;
}

void Subscriptions::remove(Id id) {
    auto const found = questions_.find(id);
    quota_.give_back(found->second.sender);
    ends_.erase({found->second.until, id});
    questions_.erase(found);
}

void Subscriptions::forget(wire::Route const& route) {
    for (auto it = questions_.begin(); it != questions_.end() && quota_.of_connection(route) > 0;) {
        Id const id = it->first;
        bool const of_route = it->second.sender.route == route;
        ++it;
        if (of_route) {
            remove(id);
        }
    }
}

std::optional<wire::Time> Subscriptions::first_end() const {
    return ends_.empty() ? std::nullopt : std::optional(ends_.begin()->first);
}

Subscriptions::Waiting const* Subscriptions::ended(wire::Time now) const {
    bool const due = !ends_.empty() && ends_.begin()->first <= now;
    return due ? &*questions_.find(ends_.begin()->second) : nullptr;
}

void Subscriptions::plan_round(std::uint64_t last_change, wire::Time when) {
    if (!round_ && !questions_.empty() && looked_to_ < last_change) {
        round_ = when;
        looked_at_ = 0;
        left_behind_ = false;
    }
}

Subscriptions::Waiting* Subscriptions::next_in_round(std::uint64_t last_change) {
    round_to_ = looked_at_ == 0 ? last_change : round_to_;
    auto const before = questions_.find(looked_at_);
    left_behind_ =
        left_behind_ || (before != questions_.end() && before->second.sequence < round_to_);
    auto const next = questions_.upper_bound(looked_at_);
    if (next == questions_.end()) {
        round_.reset();
        looked_to_ = left_behind_ ? 0 : round_to_;
        return nullptr;
    }
    looked_at_ = next->first;
    return &*next;
}

}  // namespace xfsbus::tracker
