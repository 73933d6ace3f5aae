#pragma once

#include <xfsbus/swarm/download.hpp>

#include <cstdint>
#include <map>
#include <set>
#include <vector>

namespace xfsbus::swarm::test {

/// A chunk as a source sends it.
struct Parcel {
    std::uint32_t chunk = 0;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    bool corrupt = false;
};

/// What a download may ask for, and what it must say to what arrives, whatever its sources do. It
/// is told of all that happens, as the download is, and fails the test where a rule is broken.
/// Sources are numbered from 1.
class DownloadRules {
  public:
    DownloadRules(Download::File const& file, Download::Limits const& limits, std::size_t sources);

    // ---- what happens ----

    /// This chunk is here from the beginning.
    void have(std::uint32_t chunk) { stored_.at(chunk) = 1; }

    void found(SourceId id) { source(id).found = true; }

    /// All that a source has, as it says; until then it is taken for one that has the whole.
    void told(SourceId id, ChunkSet has) { source(id).has = std::move(has); }

    void gained(SourceId id, std::uint32_t chunk) { source(id).has.insert(chunk); }

    void arrived(SourceId id, Parcel const& parcel, Download::Verdict verdict);

    /// A parcel that was taken has been verified and, unless it is corrupt, written.
    void written(wire::Time now, SourceId id, Parcel const& parcel);

    // ---- what the download does ----

    void follow(wire::Time now, Download::Actions const& actions,
                Download::Progress const& progress);

    /// It has ended. `promised`: it could not but be completed.
    void ended(Download const& download, wire::Time now, bool promised) const;

  private:
    struct Source {
        ChunkSet has;
        bool found = false;
        bool banned = false;
        std::set<std::uint32_t> outstanding;
        std::uint64_t outstanding_bytes = 0;
        std::uint64_t asked_bytes = 0;  ///< in this transfer
        std::set<std::uint32_t> spared;
        std::map<std::uint32_t, wire::Time> asked_at;
        wire::Time stored_at{};  ///< when something of it was last stored
    };

    Source& source(SourceId id) { return sources_.at(static_cast<std::size_t>(id) - 1); }

    void on_drop(Source& source);
    void on_spare(Source& source, std::vector<std::uint32_t> const& chunks);
    void on_ask(wire::Time now, Source& source, Download::Ask const& ask);
    void on_ask_for(wire::Time now, Source& source, std::uint32_t chunk);
    void note_again(wire::Time now, std::uint32_t chunk);
    /// Nothing more is owed for this chunk.
    void settle(Source& source, std::uint32_t chunk);

    [[nodiscard]] std::ptrdiff_t asked_of(std::uint32_t chunk) const;
    void check_all_asked(std::uint64_t held) const;
    void check_twice(bool again) const;
    void check_bounds(Download::Progress const& progress) const;
    void check_failure(Errc code) const;

    Download::File file_;
    Download::Limits limits_;
    std::vector<Source> sources_;
    std::vector<int> stored_;                    ///< how often each chunk was
    std::map<std::uint32_t, SourceId> arrived_;  ///< being written: whose it is
    std::uint64_t dropped_ = 0;
    std::uint64_t duplicate_bytes_ = 0;
    std::uint64_t asked_twice_ = 0;
    std::uint64_t asked_early_ = 0;       ///< of these, while the first one might still deliver
    std::set<std::uint32_t> from_stuck_;  ///< asked twice, the last time because it would not
};

}  // namespace xfsbus::swarm::test
