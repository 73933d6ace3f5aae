#include <xfsbus/swarm/download_sources.hpp>

#include <algorithm>

namespace xfsbus::swarm {

DownloadSources::Added DownloadSources::add(DownloadSource::About const& about,
                                            std::uint32_t chunks,
                                            DownloadSource::Window const& window) {
    if (std::ranges::find(banned_, about.id) != banned_.end()) {
        return {};
    }
    std::optional<SourceId> forgotten;
    if (all_.size() >= known_most_) {
        auto const found = least_promising(about);
        if (found == all_.end()) {
            return {};
        }
        forgotten = forget(found);
    }
    auto& source = all_.try_emplace(about.id, chunks, window).first->second;
    ++counts_[static_cast<std::size_t>(source.state)];
    return {&source, forgotten};
}

/// One that promises less than a newcomer does: it is gone, or out, or has delivered nothing when
/// it was asked; or it has nothing, and the newcomer has.
DownloadSources::ById::iterator DownloadSources::least_promising(
    DownloadSource::About const& about) {
    auto const promises = [&](DownloadSource const& source) {
        switch (source.state) {
            case State::lost:
                return 0;
            case State::out:
                return 1;
            case State::resting:
                return source.is_busy || source.delivered_bytes > 0 || source.strikes == 0 ? 4 : 2;
            case State::reserve:
                return source.about.completeness <= 0 && source.has.empty() ? 3 : 4;
            default:
                return 4;
        }
    };
    auto const least = std::ranges::min_element(
        all_, {}, [&](auto const& entry) { return promises(entry.second); });
    auto const most = about.completeness > 0 ? 3 : 2;
    return least != all_.end() && promises(least->second) <= most ? least : all_.end();
}

/// It is not in use.
std::optional<SourceId> DownloadSources::forget(ById::iterator found) {
    auto const id = found->first;
    auto const state = found->second.state;
    if (state == State::out) {
        banned_.push_back(id);
        if (banned_.size() > banned_most_) {
            banned_.pop_front();
        }
    }
    --counts_[static_cast<std::size_t>(state)];
    all_.erase(found);
    return state == State::out || state == State::lost ? std::nullopt : std::optional(id);
}

void DownloadSources::set_state(DownloadSource& source, State state) {
    --counts_[static_cast<std::size_t>(source.state)];
    ++counts_[static_cast<std::size_t>(state)];
    if (source.state == State::active) {
        std::erase(active_, &source);
        leaving_ -= source.leaving ? 1 : 0;
        source.leaving = false;
    }
    source.state = state;
    if (state == State::resting) {
        rest_ends_ = std::min(rest_ends_, source.rests_until);
    }
    if (state == State::active) {
        auto const by_id = [](auto const* active) { return active->about.id; };
        active_.insert(std::ranges::lower_bound(active_, source.about.id, {}, by_id), &source);
    }
}

void DownloadSources::set_leaving(DownloadSource& source) {
    source.leaving = true;
    ++leaving_;
}

/// They are many where sources are busy: all are looked at only when one of them may have rested.
bool DownloadSources::end_rests(wire::Time now) {
    if (count(State::resting) == 0 || now < rest_ends_) {
        return false;
    }
    bool some = false;
    rest_ends_ = wire::Time::max();
    for (auto& [id, source] : all_) {
        if (source.state != State::resting) {
            continue;
        }
        if (now >= source.rests_until) {
            set_state(source, State::reserve);
            some = true;
        } else {
            rest_ends_ = std::min(rest_ends_, source.rests_until);
        }
    }
    return some;
}

std::optional<wire::Time> DownloadSources::rest_ends() const {
    return count(State::resting) > 0 ? std::optional(rest_ends_) : std::nullopt;
}

}  // namespace xfsbus::swarm
