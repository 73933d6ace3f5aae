#include "catalogue.hpp"

#include "change_log.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

namespace xfsbus::tracker {

namespace {

std::vector<Source>::iterator place_of(std::vector<Source>& sources, Slot peer) {
    return std::lower_bound(sources.begin(), sources.end(), peer,
                            [](Source const& source, Slot slot) { return source.peer < slot; });
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
    return std::tie(a.content, a.name) < std::tie(b.content, b.name);
}

Version Catalogue::add(wire::FileEntry const& file, Slot peer) {
    PositionView const wanted{file.name, file.content};
    Version version = versions_.lower_bound(wanted);
    if (version == versions_.end() || ByName{}(wanted, version->first)) {
        version =
            versions_.emplace_hint(version, Position{file.name, file.content},
                                   VersionState{.size = file.size, .payer = peer, .sources = {}});
        link(version);
        contents_.insert(version);
        memory_.add(peer, version_bytes(file.name));
    }
    auto& sources = version->second.sources;
    auto const place = place_of(sources, peer);
    std::uint32_t before = 0;
    if (place != sources.end() && place->peer == peer) {
        before = std::exchange(place->have_ppm, file.have_ppm);
    } else {
        sources.insert(place, {peer, file.have_ppm});
        memory_.add(peer, source_bytes);
    }
    if (kind_of(before) != kind_of(file.have_ppm)) {
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
    log_.note(version->first.name, version->first.content);
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
        contents_.erase(version);
        unlink(version);
        versions_.erase(version);
    } else if (payer == peer) {
        payer = sources.front().peer;
        memory_.remove(peer, bytes);
        memory_.add(payer, bytes);
    }
}

}  // namespace xfsbus::tracker
