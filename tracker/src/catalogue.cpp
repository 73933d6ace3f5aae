#include "catalogue.hpp"

#include "change_log.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace xfsbus::tracker {

namespace {

std::vector<Source>::iterator place_of(std::vector<Source>& sources, Slot peer) {
    return std::lower_bound(sources.begin(), sources.end(), peer,
                            [](Source const& source, Slot slot) { return source.peer < slot; });
}

/// The first eight bytes as a number that is ordered as they are.
std::uint64_t begin_of(wire::ContentId const& content) {
    std::uint64_t begin = 0;
    for (std::size_t i = 0; i < sizeof begin; ++i) {
        begin = begin << 8U | content.bytes[i];
    }
    return begin;
}

/// What of it is told to others: nothing, that it has a part, or that it has all.
int kind_of(std::uint32_t have_ppm) {
    return have_ppm == 0 ? 0 : have_ppm < wire::complete_ppm ? 1 : 2;
}

}  // namespace

bool ByName::operator()(PositionView const& a, PositionView const& b) const {
    int const order = a.name.compare(b.name);
    return order < 0 || (order == 0 && a.content < b.content);
}

bool ByContent::operator()(PositionView const& a, PositionView const& b) const {
    auto const order = a.content <=> b.content;
    return order < 0 || (order == 0 && a.name < b.name);
}

bool ByContent::operator()(ContentPlace const& a, ContentPlace const& b) const {
    return a.begin != b.begin ? a.begin < b.begin : (*this)(a.version->first, b.version->first);
}

bool ByContent::operator()(ContentPlace const& a, PositionView const& b) const {
    auto const begin = begin_of(b.content);
    return a.begin != begin ? a.begin < begin : (*this)(a.version->first, b);
}

bool ByContent::operator()(PositionView const& a, ContentPlace const& b) const {
    auto const begin = begin_of(a.content);
    return begin != b.begin ? begin < b.begin : (*this)(a, b.version->first);
}

/// Where it is, or what follows it.
Version Catalogue::place_for(PositionView const& file, std::optional<Version> before) {
    if (before && ByName{}((*before)->first, file)) {
        auto const next = std::next(*before);
        if (next == versions_.end() || !ByName{}(next->first, file)) {
            return next;
        }
    }
    return versions_.lower_bound(file);
}

Version Catalogue::add(wire::FileEntry const& file, Slot peer, std::optional<Version> before) {
    PositionView const wanted{file.name, file.content};
    Version version = place_for(wanted, before);
    if (version == versions_.end() || ByName{}(wanted, version->first)) {
        version =
            versions_.emplace_hint(version, Position{file.name, file.content},
                                   VersionState{.size = file.size, .payer = peer, .sources = {}});
        link(version);
        contents_.insert({begin_of(file.content), version});
        memory_.add(peer, version_bytes(file.name));
    }
    auto& sources = version->second.sources;
    auto const place = place_of(sources, peer);
    std::uint32_t had_ppm = 0;
    if (place != sources.end() && place->peer == peer) {
        had_ppm = std::exchange(place->have_ppm, file.have_ppm);
    } else {
        sources.insert(place, {peer, file.have_ppm});
        memory_.add(peer, source_bytes);
    }
    if (kind_of(had_ppm) != kind_of(file.have_ppm)) {
        note(version);
    }
    return version;
}

/// The version of the same name that stands before it; nullptr if it is the first.
Versions::value_type* Catalogue::before(Version version) const {
    if (version == versions_.begin()) {
        return nullptr;
    }
    auto const name = std::string_view(version->first.name);
    --version;
    return version->first.name == name ? &*version : nullptr;
}

void Catalogue::link(Version version) {
    auto* const previous = before(version);
    auto const after = std::next(version);
    bool const more = after != versions_.end() && after->first.name == version->first.name;
    version->second.next_of_name = more ? &*after : nullptr;
    if (previous != nullptr) {
        previous->second.next_of_name = &*version;
    } else if (more) {
        names_.replace(*after, *version);
    } else {
        names_.add(*version);
    }
}

void Catalogue::unlink(Version version) {
    auto* const after = version->second.next_of_name;
    if (auto* const previous = before(version)) {
        previous->second.next_of_name = after;
    } else if (after != nullptr) {
        names_.replace(*version, *after);
    } else {
        names_.remove(*version);
    }
}

void Catalogue::note(Version version) const {
    log_.note(version->first);
}

void Catalogue::remove(Version version, Slot peer) {
    auto& sources = version->second.sources;
    auto& payer = version->second.payer;
    auto const place = place_of(sources, peer);
    if (place == sources.end() || place->peer != peer) {
        return;
    }
    if (kind_of(place->have_ppm) != 0) {
        note(version);
    }
    sources.erase(place);
    memory_.remove(peer, source_bytes);
    auto const bytes = version_bytes(version->first.name);
    if (sources.empty()) {
        memory_.remove(payer, bytes);
        contents_.erase({begin_of(version->first.content), version});
        unlink(version);
        versions_.erase(version);
    } else if (payer == peer) {
        payer = sources.front().peer;
        memory_.remove(peer, bytes);
        memory_.add(payer, bytes);
    }
}

}  // namespace xfsbus::tracker
