#pragma once

#include <xfsbus/wire/messages.hpp>
#include <xfsbus/wire/result.hpp>
#include <xfsbus/wire/time.hpp>

#include <chrono>
#include <cstddef>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace xfsbus::swarm {

/// How much of a tracker's answer is taken, and for how long.
struct PagesLimits {
    /// An honest tracker sends many empty pages, each with a `next`, while it looks through a large
    /// directory in slices of a few milliseconds: twenty million names are some ten thousand.
    std::size_t pages = 100'000;
    std::size_t entries = 1'000'000;  ///< files, or peers
    /// With the sources, about what they take in memory: some 300,000 files of one source each.
    std::size_t bytes = 80 * 1024 * 1024;
    wire::Duration quiet = std::chrono::minutes(1);  ///< without a page that is not empty
    wire::Duration whole = std::chrono::minutes(10);
};

/// About what it takes in memory.
std::size_t bytes_of(wire::FoundFile const& file);
std::size_t bytes_of(wire::PeerEntry const& peer);
std::size_t bytes_of(wire::ListedFile const& file);

/// A page may lack the room to name all sources of a file: then the next one names it again, with
/// others. True: `next` is that file, and its sources were added to those of `file`.
bool join(wire::FoundFile& file, wire::FoundFile& next);
bool join(wire::PeerEntry& peer, wire::PeerEntry& next);
bool join(wire::ListedFile& file, wire::ListedFile& next);

/// Finds out that cursors go in a circle, of any length, by keeping one of them: that of a page
/// whose number is a power of two (Brent).
class CursorCheck {
  public:
    /// The next cursor; false: the same was there before.
    bool take(std::string const& cursor);

  private:
    std::string kept_;
    std::size_t taken_ = 0;
    std::size_t keep_at_ = 1;
};

/// The bounds of one answer's pages, and how much has come.
class PagesBounds {
  public:
    PagesBounds(wire::Time now, PagesLimits limits) : limits_(limits), began_(now), heard_(now) {}

    /// One page has come. An Error says why the answer cannot be taken.
    Status take(wire::Time now, std::size_t entries, std::size_t bytes, std::string const& next);

  private:
    PagesLimits limits_;
    wire::Time began_;
    wire::Time heard_;  ///< when the last page came that was not empty
    std::size_t pages_ = 0;
    std::size_t entries_ = 0;
    std::size_t bytes_ = 0;
    CursorCheck cursors_;
};

/// The pages of one answer of a tracker, put together, within bounds: a tracker may be wrong, or
/// lie, and a pattern may match more than anybody wants. A core.
template <typename Entry>
class Pages {
  public:
    explicit Pages(wire::Time now, PagesLimits limits = {}) : bounds_(now, limits) {}

    /// A page has come. True: ask for that after `next`; false: that was all.
    Result<bool> take(wire::Time now, std::vector<Entry>&& page, std::string const& next) {
        std::size_t bytes = 0;
        for (auto const& entry : page) {
            bytes += bytes_of(entry);
        }
        if (auto taken = bounds_.take(now, page.size(), bytes, next); !taken) {
            return taken.error();
        }
        bool const joined = !all_.empty() && !page.empty() && join(all_.back(), page.front());
        all_.insert(all_.end(), std::make_move_iterator(page.begin() + (joined ? 1 : 0)),
                    std::make_move_iterator(page.end()));
        return !next.empty();
    }

    [[nodiscard]] std::vector<Entry> all() && { return std::move(all_); }

  private:
    PagesBounds bounds_;
    std::vector<Entry> all_;
};

}  // namespace xfsbus::swarm
