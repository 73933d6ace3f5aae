#pragma once

#include <xfsbus/swarm/download_limits.hpp>
#include <xfsbus/swarm/download_source.hpp>
#include <xfsbus/swarm/sorted_table.hpp>
#include <xfsbus/wire/time.hpp>

#include <array>
#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

namespace xfsbus::swarm {

/// The sources that a Download knows, whatever became of them, and those of them that are in use.
/// Part of Download.
class DownloadSources {
  public:
    using State = DownloadSource::State;
    using ById = SortedTable<SourceId, DownloadSource>;

    explicit DownloadSources(DownloadLimits const& limits)
        : known_most_(limits.known_most), banned_most_(limits.banned_most) {}

    [[nodiscard]] ById& all() { return all_; }

    [[nodiscard]] ById const& all() const { return all_; }

    /// Those in use, in the order of their ids.
    [[nodiscard]] std::vector<DownloadSource*> const& active() const { return active_; }

    [[nodiscard]] std::size_t count(State state) const {
        return counts_[static_cast<std::size_t>(state)];
    }

    /// Of those in use that are about to go.
    [[nodiscard]] std::size_t leaving() const { return leaving_; }

    /// What became of a stranger.
    struct Added {
        DownloadSource* source = nullptr;     ///< null: there is no place for it, or it is banned
        std::optional<SourceId> forgotten{};  ///< of one that was known until now, and was not lost
    };

    /// One that is not known yet: strangers name themselves, and those that have nothing yet are
    /// many in a swarm that begins. With as many as may be known, one that promises less is
    /// forgotten.
    [[nodiscard]] Added add(DownloadSource::About const& about, std::uint32_t chunks,
                            DownloadSource::Window const& window);

    void set_state(DownloadSource& source, State state);
    /// One in use is about to go.
    void set_leaving(DownloadSource& source);

    /// Those that have rested for long enough come back to the reserve. False: there are none.
    bool end_rests(wire::Time now);
    /// When that is to be done again.
    [[nodiscard]] std::optional<wire::Time> rest_ends() const;

  private:
    [[nodiscard]] ById::iterator least_promising(DownloadSource::About const& about);
    std::optional<SourceId> forget(ById::iterator found);

    std::size_t known_most_;
    std::size_t banned_most_;
    ById all_;
    std::vector<DownloadSource*> active_;
    std::size_t leaving_ = 0;
    std::array<std::size_t, 5> counts_{};       ///< of each state
    std::deque<SourceId> banned_;               ///< not known any more; the last one last
    wire::Time rest_ends_ = wire::Time::max();  ///< not before the first of those that rest
};

/// nullptr: there is none of that id. `sources`: all of a DownloadSources.
template <typename ById>
auto* find(ById& sources, SourceId id) {
    auto const found = sources.find(id);
    return found == sources.end() ? nullptr : &found->second;
}

/// So that nothing new can be said of it.
inline bool in_use(DownloadSources const& sources, SourceId id) {
    auto const* const source = find(sources.all(), id);
    return source != nullptr && source->state == DownloadSource::State::active;
}

}  // namespace xfsbus::swarm
