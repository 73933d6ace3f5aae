#include "directory_impl.hpp"

#include <xfsbus/wire/name.hpp>

#include <algorithm>
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

std::optional<std::string> Directory::Impl::room_problem(Peer const& peer,
                                                         wire::Update const& update) const {
    auto const& limits = options.limits;
    std::size_t names = 0;
    std::size_t most = 0;  // that it can take
    for (auto const& file : update.added) {
        names += peer.files.contains(std::string_view(file.name)) ? 0 : 1;
        most += Catalogue::source_bytes + Catalogue::version_bytes(file.name);
    }
    if (names > 0 && peer.files.size() + names > limits.files_per_peer) {
        return "this tracker takes no more than " + std::to_string(limits.files_per_peer) +
               " files of a peer";
    }
    if (names > 0 && file_count + names > limits.files) {
        return "this tracker takes no more than " + std::to_string(limits.files) +
               " files of all peers";
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
    for (auto const& file : update.added) {
        add_file(peer, file);
    }
    if (update.full_end) {
        end_list(peer);
    }
}

void Directory::Impl::add_file(Peer& peer, wire::FileEntry const& file) {
    Version const version = catalogue.add(file, peer.slot);
    auto const held = peer.files.find(std::string_view(file.name));
    if (held != peer.files.end() && held->version == version) {
        held->generation = peer.generation;
        return;
    }
    if (held != peer.files.end()) {
        remove_file(peer, file.name);
    }
    peer.files.insert({version, peer.generation});
    ++file_count;
}

void Directory::Impl::remove_file(Peer& peer, std::string const& name) {
    auto const held = peer.files.find(std::string_view(name));
    if (held == peer.files.end()) {
        return;
    }
    // Out of the peer's set first: the catalogue owns the name it is ordered by.
    Version const version = held->version;
    peer.files.erase(held);
    --file_count;
    catalogue.remove(version, peer.slot);
}

/// The whole list has been sent: what it did not name is gone.
void Directory::Impl::end_list(Peer& peer) {
    peer.listing = false;
    for (auto it = peer.files.begin(); it != peer.files.end();) {
        if (it->generation == peer.generation) {
            ++it;
            continue;
        }
        Version const version = it->version;
        it = peer.files.erase(it);
        --file_count;
        catalogue.remove(version, peer.slot);
    }
}

}  // namespace xfsbus::tracker
