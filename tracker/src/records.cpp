#include "directory_impl.hpp"

#include <algorithm>
#include <utility>

namespace xfsbus::tracker {

namespace {

/// Who comes first is named first; without a policy all have the same rank.
bool better(Considered const& a, Considered const& b) {
    return std::pair(a.rank.value_or(0), a.draw) < std::pair(b.rank.value_or(0), b.draw);
}

}  // namespace

void Directory::Impl::record(PendingFind const& find, Page const& page) const {
    if (options.recorder == nullptr) {
        return;
    }
    for (Pick const& pick : page.files) {
        options.recorder->on_handout(handed_out(find, pick));
    }
}

HandedOut Directory::Impl::handed_out(PendingFind const& find, Pick const& pick) const {
    HandedOut handed{.find = find.id,
                     .asker_host = find.sender.host,
                     .asker = {},
                     .asker_labels = {},
                     .by = find.reading.query.by,
                     .name = pick.file.name,
                     .content = pick.file.content,
                     .bytes = pick.size,
                     .rule = pick.rule,
                     .seed = find.reading.mix,
                     .wanted = find.reading.query.sources,
                     .known = pick.source_count,
                     .candidates = {},
                     .unanswered = find.gone,
                     .answered = {}};
    if (Peer const* const asker = roster.by_route(find.sender.route)) {
        handed.asker = asker->listens;
        handed.asker_labels = asker->labels;
    }
    auto others = pick.considered;
    for (Source const& source : pick.sources) {
        auto const found = std::ranges::find(
            others, source.peer, [](Considered const& each) { return each.source.peer; });
        handed.candidates.push_back(candidate(*found));
        handed.candidates.back().named = true;
        others.erase(found);
    }
    auto const most = std::min(others.size(), HandedOut::others_most);
    auto const end = others.begin() + static_cast<std::ptrdiff_t>(most);
    std::partial_sort(others.begin(), end, others.end(), better);
    for (auto it = others.begin(); it != end; ++it) {
        handed.candidates.push_back(candidate(*it));
    }
    for (auto const& [id, listens] : find.asked) {
        Peer const* const peer = roster.by_id(id);
        bool const there = peer != nullptr && verified(*peer, find);
        (there ? handed.answered : handed.unanswered).push_back(listens);
    }
    return handed;
}

Candidate Directory::Impl::candidate(Considered const& considered) const {
    Peer const& peer = *roster.at(considered.source.peer);
    return {.listens = peer.listens,
            .labels = peer.labels,
            .have_ppm = considered.source.have_ppm,
            .load = peer.load,
            .draw = considered.draw,
            .rank = considered.rank};
}

}  // namespace xfsbus::tracker
