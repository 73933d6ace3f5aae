#include <xfsbus/swarm/subscription.hpp>
#include <xfsbus/wire/name.hpp>

namespace xfsbus::swarm {

wire::Subscribe Subscription::question() const {
    return {wanted_.files, after_, epoch_, sequence_, wanted_.peers};
}

/// A tracker is not trusted to tell only what was asked for.
Status Subscription::on_answer(wire::Changes const& answer) {
    if (answer.begin) {
        files_.begin_list();
        peers_.begin_list();
    }
    epoch_ = answer.epoch;
    sequence_ = answer.sequence;
    after_ = answer.next;
    if (!wanted_.files.empty()) {
        take(answer.files);
    }
    if (wanted_.peers) {
        for (auto const& peer : answer.peers) {
            peers_.take(peer.peer, {true, peer});
        }
        for (auto const& id : answer.gone) {
            peers_.take_gone(id);
        }
    }
    if (files_.bytes() + peers_.bytes() > most_) {
        return Error{Errc::usage, "more files match than there is room for (" +
                                      std::to_string(files_.things().size()) + ", and " +
                                      std::to_string(peers_.things().size()) +
                                      " peers); narrow the pattern"};
    }
    if (after_.empty()) {
        files_.end_list(!answer.young);
        peers_.end_list(!answer.young);
    }
    return done();
}

/// A name whose content is another now is to be told as changed, not as gone and there again. The
/// tracker is not trusted with names.
void Subscription::take(std::vector<wire::ListedFile> const& files) {
    for (bool const gone : {false, true}) {
        for (auto const& file : files) {
            Holders const holders{file.size, file.complete, file.partial};
            if (gone && holders.none()) {
                files_.take_gone({file.name, file.content});
            } else if (!gone && !holders.none() && !wire::name_problem(file.name)) {
                files_.take({file.name, file.content}, holders);
            }
        }
    }
}

void Subscription::Names::known(Version const& file, int more) {
    auto const name = names_.try_emplace(file.first).first;
    name->second.known += more;
    if (name->second.known == 0) {
        names_.erase(name);
    }
}

std::optional<Subscription::News> Subscription::next() {
    return files_.next([this](Files::Thing const& file) { return news_of(file); });
}

std::optional<Subscription::NewsOfPeer> Subscription::next_peer() {
    return peers_.next([](Peers::Thing const& peer) { return news_of(peer); });
}

Subscription::News Subscription::news_of(Files::Thing const& file) const {
    auto const& [version, state] = file;
    auto const& versions = files_.tally().of(version.first);
    auto what = FileNews::appeared;
    if (state.now.none()) {
        what = versions.there > 0 ? FileNews::holders : FileNews::gone;
    } else if (!state.told.none()) {
        what = FileNews::holders;
    } else if (state.first) {
        what = FileNews::there;
    } else if (versions.told > 0) {
        what = FileNews::changed;
    }
    return {what,
            {version.first, version.second, state.now.size, state.now.complete, state.now.partial}};
}

Subscription::NewsOfPeer Subscription::news_of(Peers::Thing const& peer) {
    auto const& state = peer.second;
    if (state.now.none()) {
        return {PeerNews::gone, state.now.entry};
    }
    if (!state.told.none()) {
        return {PeerNews::changed, state.now.entry};
    }
    return {state.first ? PeerNews::there : PeerNews::appeared, state.now.entry};
}

std::vector<wire::ListedFile> Subscription::files() const {
    std::vector<wire::ListedFile> all;
    for (auto const& [version, state] : files_.things()) {
        if (!state.told.none()) {
            all.push_back({version.first, version.second, state.now.size, state.told.complete,
                           state.told.partial});
        }
    }
    return all;
}

}  // namespace xfsbus::swarm
