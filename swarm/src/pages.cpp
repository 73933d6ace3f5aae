#include <xfsbus/swarm/pages.hpp>

namespace xfsbus::swarm {
namespace {

Error endless(std::string const& what) {
    return {Errc::network,
            "the tracker's answer does not end: " + what + "; it is faulty, or no xfs-tracker"};
}

Error too_much(std::string const& what) {
    return {Errc::usage, "this matches too much: more than " + what + "; narrow it"};
}

std::string seconds(wire::Duration duration) {
    auto const count = std::chrono::duration_cast<std::chrono::seconds>(duration).count();
    return std::to_string(count) + " seconds";
}

}  // namespace

std::size_t bytes_of(wire::FoundFile const& file) {
    std::size_t bytes = sizeof file + file.name.size();
    for (auto const& source : file.sources) {
        bytes += sizeof source + source.listens.host.size() + source.labels.size();
    }
    return bytes;
}

std::size_t bytes_of(wire::PeerEntry const& peer) {
    return sizeof peer + peer.listens.host.size() + peer.labels.size();
}

std::size_t bytes_of(wire::ListedFile const& file) {
    return sizeof file + file.name.size();
}

bool join(wire::FoundFile& file, wire::FoundFile& next) {
    if (file.name != next.name || file.content != next.content) {
        return false;
    }
    file.source_count = next.source_count;
    file.sources.insert(file.sources.end(), std::make_move_iterator(next.sources.begin()),
                        std::make_move_iterator(next.sources.end()));
    return true;
}

bool join(wire::PeerEntry&, wire::PeerEntry&) {
    return false;
}

bool join(wire::ListedFile&, wire::ListedFile&) {
    return false;
}

bool CursorCheck::take(std::string const& cursor) {
    if (taken_ > 0 && cursor == kept_) {
        return false;
    }
    if (++taken_ == keep_at_) {
        kept_ = cursor;
        keep_at_ *= 2;
    }
    return true;
}

Status PagesBounds::take(wire::Time now, std::size_t entries, std::size_t bytes,
                         std::string const& next) {
    ++pages_;
    entries_ += entries;
    bytes_ += bytes;
    heard_ = entries > 0 ? now : heard_;
    if (entries_ > limits_.entries) {
        return too_much(std::to_string(limits_.entries) + " entries");
    }
    if (bytes_ > limits_.bytes) {
        return too_much(std::to_string(limits_.bytes >> 20U) + " MiB of names and sources");
    }
    if (next.empty()) {
        return done();
    }
    if (!cursors_.take(next)) {
        return endless("it sends the same pages again");
    }
    if (pages_ >= limits_.pages) {
        return endless("these were " + std::to_string(pages_) + " pages");
    }
    if (now - heard_ > limits_.quiet) {
        return endless("nothing but empty pages for " + seconds(limits_.quiet));
    }
    if (now - began_ > limits_.whole) {
        return endless("it has taken " + seconds(limits_.whole));
    }
    return done();
}

}  // namespace xfsbus::swarm
