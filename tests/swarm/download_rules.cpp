#include "download_rules.hpp"

#include "seeds.hpp"

#include <algorithm>

namespace xfsbus::swarm::test {
namespace {

/// Sooner than that nobody counts as stuck.
constexpr auto stuck_least = std::chrono::seconds(1);

}  // namespace

DownloadRules::DownloadRules(Download::File const& file, Download::Limits const& limits,
                             std::size_t sources)
    : file_(file), limits_(limits), sources_(sources), stored_(file.chunks) {
    for (auto& each : sources_) {
        each.has = ChunkSet::full(file.chunks);
    }
}

// ---- what arrives ----

void DownloadRules::arrived(SourceId id, Parcel const& parcel, Download::Verdict verdict) {
    auto& from = source(id);
    auto const chunk = parcel.chunk;
    auto const writing = arrived_.find(chunk);
    bool const again = writing != arrived_.end() && writing->second == id;
    bool const spared = from.spared.erase(chunk) > 0;
    bool const asked = from.outstanding.contains(chunk) && !again;
    bool const fits =
        asked && parcel.offset == file_.offset(chunk) && parcel.length == file_.length(chunk);
    bool const is_here = asked && (writing != arrived_.end() || stored_.at(chunk) > 0);
    must((verdict == Download::Verdict::lie) == (asked && !fits), "what does not fit is a lie");
    must((verdict == Download::Verdict::take) == (fits && !is_here),
         "what was asked for is taken, once");
    switch (verdict) {
        case Download::Verdict::take:
            arrived_.emplace(chunk, id);
            break;
        case Download::Verdict::drop:
            ++dropped_;
            if (is_here || spared) {
                duplicate_bytes_ += parcel.length;
                settle(from, chunk);
            }
            break;
        case Download::Verdict::lie:
            from.banned = true;
            break;
    }
}

void DownloadRules::written(wire::Time now, SourceId id, Parcel const& parcel) {
    auto& from = source(id);
    arrived_.erase(parcel.chunk);
    if (parcel.corrupt) {
        from.banned = true;
        return;
    }
    must(++stored_.at(parcel.chunk) == 1, "every chunk is stored once");
    settle(from, parcel.chunk);
    from.stored_at = now;
}

// ---- what the download wants done ----

void DownloadRules::follow(wire::Time now, Download::Actions const& actions,
                           Download::Progress const& progress) {
    for (auto const& drop : actions.drops) {
        on_drop(source(drop.source));
    }
    for (auto const& spare : actions.spares) {
        on_spare(source(spare.source), spare.chunks);
    }
    auto const twice_before = asked_twice_;
    auto const early_before = asked_early_;
    for (auto const& ask : actions.asks) {
        on_ask(now, source(ask.source), ask);
    }
    if (asked_twice_ > twice_before) {
        check_all_asked(progress.chunks_held);
    }
    check_twice(asked_early_ > early_before);
    must(progress.chunks_asked_twice == asked_twice_, "those that are asked of two are counted");
    check_bounds(progress);
}

void DownloadRules::on_drop(Source& source) {
    source.outstanding.clear();
    source.outstanding_bytes = 0;
    source.asked_bytes = 0;
    source.spared.clear();
}

/// It may be on its way already; whether it comes or not, nothing more is owed.
void DownloadRules::on_spare(Source& source, std::vector<std::uint32_t> const& chunks) {
    for (auto const chunk : chunks) {
        must(stored_.at(chunk) == 1, "only what is stored is spared");
        must(source.outstanding.contains(chunk), "only what was asked for is spared");
        settle(source, chunk);
        source.spared.insert(chunk);
    }
}

void DownloadRules::on_ask(wire::Time now, Source& source, Download::Ask const& ask) {
    must(!source.banned, "a banned source is never asked again");
    must(source.found, "only sources that were found are asked");
    for (auto const chunk : ask.chunks) {
        on_ask_for(now, source, chunk);
    }
    must(ask.credit == source.asked_bytes, "credit is what was asked for in all");
}

void DownloadRules::on_ask_for(wire::Time now, Source& source, std::uint32_t chunk) {
    must(stored_.at(chunk) == 0, "what is stored is not asked for");
    must(!arrived_.contains(chunk), "what is being written is not asked for");
    must(source.has.contains(chunk), "no source is asked for what it has not got");
    must(!source.outstanding.contains(chunk), "no source is asked for a chunk twice");
    note_again(now, chunk);
    source.asked_at[chunk] = now;
    must(asked_of(chunk) < (from_stuck_.contains(chunk) ? 3 : 2), "no chunk is asked of four");
    must(asked_of(chunk) == 0 || source.outstanding.empty() || from_stuck_.contains(chunk),
         "only idle sources are asked for what another may still deliver");
    source.outstanding.insert(chunk);
    source.outstanding_bytes += file_.length(chunk);
    source.asked_bytes += file_.length(chunk);
}

void DownloadRules::note_again(wire::Time now, std::uint32_t chunk) {
    wire::Time since{};
    for (auto const& each : sources_) {
        if (each.outstanding.contains(chunk)) {
            since = std::max({since, each.asked_at.at(chunk), each.stored_at});
        }
    }
    if (since == wire::Time{}) {
        return;
    }
    ++asked_twice_;
    if (now - since >= stuck_least) {
        from_stuck_.insert(chunk);
    } else {
        from_stuck_.erase(chunk);
        ++asked_early_;
    }
}

void DownloadRules::settle(Source& source, std::uint32_t chunk) {
    if (source.outstanding.erase(chunk) > 0) {
        source.outstanding_bytes -= file_.length(chunk);
    }
}

// ---- what holds at any time ----

std::ptrdiff_t DownloadRules::asked_of(std::uint32_t chunk) const {
    return std::ranges::count_if(
        sources_, [chunk](Source const& each) { return each.outstanding.contains(chunk); });
}

/// But for those that the policy holds back.
void DownloadRules::check_all_asked(std::uint64_t held) const {
    std::uint64_t not_asked = 0;
    for (std::uint32_t chunk = 0; chunk < file_.chunks; ++chunk) {
        bool const asked = stored_[chunk] > 0 || arrived_.contains(chunk) || asked_of(chunk) > 0;
        not_asked += asked ? 0 : 1;
    }
    must(not_asked <= held, "with all chunks asked for, and not before, some are asked of two");
}

/// At the end only, and few chunks: those that are asked of two, and those that came in vain.
/// What is asked of one that has delivered nothing for long does not count.
void DownloadRules::check_twice(bool again) const {
    std::uint64_t of_two = 0;
    for (std::uint32_t chunk = 0; chunk < file_.chunks; ++chunk) {
        of_two += asked_of(chunk) > 1 && !from_stuck_.contains(chunk) ? 1 : 0;
    }
    auto const most = std::max<std::uint64_t>(1, file_.chunks / 100);
    must(of_two <= most, "one in a hundred chunks is asked of two at a time");
    must(!again || of_two + duplicate_bytes_ / file_.chunk_bytes <= most,
         "those that came in vain count");
}

void DownloadRules::check_bounds(Download::Progress const& progress) const {
    std::size_t active = 0;
    std::uint64_t outstanding = 0;
    for (auto const& each : sources_) {
        must(each.outstanding_bytes <= limits_.window_most || each.outstanding.size() == 1,
             "no more is outstanding than the window, or one chunk");
        must(each.asked_bytes >= each.outstanding_bytes, "credit covers what is outstanding");
        active += each.outstanding.empty() ? 0 : 1;
        outstanding += each.outstanding_bytes;
    }
    must(outstanding <= std::max<std::uint64_t>(limits_.outstanding_most, file_.chunk_bytes) +
                            asked_twice_ * file_.chunk_bytes,
         "no more is outstanding in all than allowed, or one chunk");
    must(active <= progress.sources_active + progress.sources_leaving,
         "only active sources are asked");
    must(progress.sources_active <= limits_.sources_most, "not too many sources at once");
    must(progress.chunks_surplus == dropped_, "what was dropped is counted");
    must(progress.bytes_duplicate == duplicate_bytes_, "and what came twice");
}

// ---- the end ----

void DownloadRules::ended(Download const& download, wire::Time now, bool promised) const {
    for (auto const& each : sources_) {
        must(each.outstanding.empty(), "at the end all sources are let go");
    }
    auto const progress = download.progress(now);
    bool const complete = std::ranges::all_of(stored_, [](int times) { return times == 1; });
    must(complete != progress.failure.has_value(), "every chunk is stored once, or it has failed");
    if (complete) {
        must(progress.bytes_stored == file_.bytes, "all bytes are counted");
        return;
    }
    must(!promised, "one good source that can be found is enough");
    check_failure(progress.failure->code);
}

void DownloadRules::check_failure(Errc code) const {
    bool const known = std::ranges::any_of(sources_, &Source::found);
    bool const all_banned = std::ranges::all_of(
        sources_, [](Source const& each) { return !each.found || each.banned; });
    if (known) {
        must(code == (all_banned ? Errc::integrity : Errc::timeout), "the failure has its code");
    } else {
        must(code == Errc::not_found || code == Errc::timeout, "the failure has its code");
    }
}

}  // namespace xfsbus::swarm::test
