#include "change_log.hpp"

namespace xfsbus::tracker {

void ChangeLog::note(std::string const& name, wire::ContentId const& content) {
    if (!begun_) {
        return;
    }
    ++sequence_;
    auto entry = latest_.find(PositionView(name, content));
    if (entry == latest_.end()) {
        entry = latest_.emplace(Position{name, content}, sequence_).first;
        bytes_ += overhead + name.size();
    } else {
        in_order_.erase(entry->second);
        entry->second = sequence_;
    }
    in_order_.emplace_hint(in_order_.end(), sequence_, entry);
    while (bytes_ > bytes_most_) {
        forget_oldest();
    }
}

void ChangeLog::forget_oldest() {
    auto const oldest = in_order_.begin();
    forgotten_ = oldest->first;
    bytes_ -= overhead + oldest->second->first.name.size();
    latest_.erase(oldest->second);
    in_order_.erase(oldest);
}

Position const* ChangeLog::next(std::uint64_t& sequence) const {
    auto const found = in_order_.upper_bound(sequence);
    if (found == in_order_.end()) {
        return nullptr;
    }
    sequence = found->first;
    return &found->second->first;
}

}  // namespace xfsbus::tracker
