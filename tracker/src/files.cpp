#include "directory_impl.hpp"

#include <xfsbus/wire/name.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

// The lists of files that peers send.

namespace xfsbus::tracker {

namespace {

/// Of a bad name, this much is shown: escaped it may be four times as long.
constexpr std::size_t shown_name_bytes = 200;

std::optional<wire::Failure> bad_message(std::string reason) {
    return wire::Failure{wire::ErrorCode::bad_message, std::move(reason), 0};
}

std::string shown(std::string const& name) {
    return "\"" + wire::escape(name.substr(0, shown_name_bytes)) + "\"";
}

std::optional<std::string> name_complaint(std::string const& name) {
    auto const problem = wire::name_problem(name);
    return problem ? std::optional("bad name " + shown(name) + ": " + *problem) : std::nullopt;
}

std::optional<std::string> entry_complaint(wire::FileEntry const& file) {
    if (auto complaint = name_complaint(file.name)) {
        return complaint;
    }
    if (file.size > wire::limits::file_bytes) {
        return shown(file.name) + " is larger than a shared file can be";
    }
    if (file.have_ppm > wire::complete_ppm) {
        return "have_ppm of " + shown(file.name) + " is more than all of it";
    }
    return std::nullopt;
}

}  // namespace

void Directory::Impl::handle(Caller const& caller, wire::Update const& message) {
    ++counters[Counter::updates];
    Peer* peer = known(caller, message.epoch);
    if (peer == nullptr) {
        return;
    }
    bool const repeated = message.sequence == peer->accepted && message.sequence != 0;
    if (repeated && !message.full_begin) {
        // Its answer was lost, or is on its way.
        reply(caller, wire::Updated{options.epoch, message.sequence});
        return;
    }
    if (auto const failure = refusal(*peer, message)) {
        fail(caller, failure->code, failure->reason);
        return;
    }
    apply(*peer, message);
    reply(caller, wire::Updated{options.epoch, message.sequence});
}

/// Why the Update is not taken; it is taken as a whole or not at all.
std::optional<wire::Failure> Directory::Impl::refusal(Peer const& peer,
                                                      wire::Update const& update) const {
    if (update.sequence == 0) {
        return bad_message("Updates are numbered from 1");
    }
    if (!update.full_begin && update.sequence != peer.accepted + 1) {
        return wire::Failure{wire::ErrorCode::resync, "an Update is missing: send the whole list",
                             0};
    }
    if (update.full_end && !update.full_begin && !peer.listing) {
        return bad_message("full_end without full_begin");
    }
    for (auto const& file : update.added) {
        if (auto complaint = entry_complaint(file)) {
            return bad_message(std::move(*complaint));
        }
    }
    for (auto const& name : update.removed) {
        if (auto complaint = name_complaint(name)) {
            return bad_message(std::move(*complaint));
        }
    }
    if (auto problem = room_problem(peer, update)) {
        return wire::Failure{wire::ErrorCode::limit, std::move(*problem), 0};
    }
    return std::nullopt;
}

std::optional<std::string> Directory::Impl::count_problem(Peer const& peer,
                                                          wire::Update const& update) const {
    auto const& limits = options.limits;
    auto const fits = [&](std::size_t names) {
        return peer.files.size() + names <= limits.files_per_peer &&
               file_count + names <= limits.files;
    };
    if (fits(update.added.size())) {
        return std::nullopt;  // as nearly always: which of them are new need not be known
    }
    auto const names = static_cast<std::size_t>(
        std::ranges::count_if(update.added, [&](wire::FileEntry const& file) {
            return !peer.files.contains(std::string_view(file.name));
        }));
    if (names == 0 || fits(names)) {
        return std::nullopt;
    }
    bool const of_peer = peer.files.size() + names > limits.files_per_peer;
    return "this tracker takes no more than " +
           std::to_string(of_peer ? limits.files_per_peer : limits.files) + " files of " +
           (of_peer ? "a peer" : "all peers");
}

std::optional<std::string> Directory::Impl::room_problem(Peer const& peer,
                                                         wire::Update const& update) const {
    if (auto problem = count_problem(peer, update)) {
        return problem;
    }
    auto const& limits = options.limits;
    std::size_t most = 0;  // that it can take
    for (auto const& file : update.added) {
        most += Catalogue::source_bytes + Catalogue::version_bytes(file.name);
    }
    std::size_t const left = limits.bytes - std::min(limits.bytes, memory.total());
    std::size_t const of_host = memory.of(peer.slot).bytes;
    std::size_t const host_left = limits.bytes_per_host - std::min(limits.bytes_per_host, of_host);
    if (most <= std::min(left, host_left)) {
        return std::nullopt;
    }
    std::size_t const more = growth(peer, update);
    if (more > left) {
        return "the tracker's memory is full; xfs-tracker --memory gives it more";
    }
    if (more > host_left) {
        return "the memory that the tracker has for one host is full; xfs-tracker --memory gives "
               "it more";
    }
    return std::nullopt;
}

/// The bytes that the Update will take, at most, beyond those that what it replaces gives back.
std::size_t Directory::Impl::growth(Peer const& peer, wire::Update const& update) const {
    std::size_t bytes = 0;
    for (auto const& file : update.added) {
        bool const known = catalogue.contains({file.name, file.content});
        auto const held = peer.files.find(std::string_view(file.name));
        if (held == peer.files.end()) {
            bytes += Catalogue::source_bytes;
        } else if (held->version->second.sources.size() == 1) {
            continue;  // one version of the name takes the place of another
        }
        bytes += known ? 0 : Catalogue::version_bytes(file.name);
    }
    return bytes;
}

/// What is removed goes first: a name that stands in both lists is there afterwards.
void Directory::Impl::apply(Peer& peer, wire::Update const& update) {
    peer.accepted = update.sequence;
    if (update.full_begin) {
        ++peer.generation;
        peer.listing = true;
    }
    for (auto const& name : update.removed) {
        remove_file(peer, name);
    }
    auto before = peer.files.end();
    for (auto const& file : update.added) {
        before = add_file(peer, file, before);
    }
    if (update.full_end) {
        end_list(peer);
    }
}

/// `before`: the file that was added before, or end(). Names come in their order, mostly: then it
/// tells where this one belongs. Returns the file's place.
Holdings::iterator Directory::Impl::add_file(Peer& peer, wire::FileEntry const& file,
                                             Holdings::iterator before) {
    auto const end = peer.files.end();
    Version const version = catalogue.add(
        file, peer.slot, before == end ? std::nullopt : std::optional(before->version));
    auto place = before == end ? end : std::next(before);
    bool const near = before != end && ByHeldName::name(*before) < file.name &&
                      (place == end || file.name <= ByHeldName::name(*place));
    if (!near) {
        place = peer.files.lower_bound(std::string_view(file.name));
    }
    bool const held = place != end && ByHeldName::name(*place) == file.name;
    if (held && place->version == version) {
        place->generation = peer.generation;
        return place;
    }
    if (held) {
        place = drop_file(peer, place);
    }
    ++file_count;
    return peer.files.insert(place, {version, peer.generation});
}

void Directory::Impl::remove_file(Peer& peer, std::string const& name) {
    auto const held = peer.files.find(std::string_view(name));
    if (held != peer.files.end()) {
        drop_file(peer, held);
    }
}

/// Returns the one that follows.
Holdings::iterator Directory::Impl::drop_file(Peer& peer, Holdings::iterator held) {
    // Out of the peer's set first: the catalogue owns the name it is ordered by.
    Version const version = held->version;
    auto const next = peer.files.erase(held);
    --file_count;
    catalogue.remove(version, peer.slot);
    return next;
}

/// The whole list has been sent: what it did not name is gone.
void Directory::Impl::end_list(Peer& peer) {
    peer.listing = false;
    for (auto it = peer.files.begin(); it != peer.files.end();) {
        it = it->generation == peer.generation ? std::next(it) : drop_file(peer, it);
    }
}

}  // namespace xfsbus::tracker
