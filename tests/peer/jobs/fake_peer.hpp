#pragma once

#include "sample.hpp"

#include <xfsbus/wire/limits.hpp>
#include <xfsbus/wire/messages.hpp>
#include <xfsbus/wire/result.hpp>
#include <xfsbus/wire/time.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace xfsbus::peer::jobs::test {

/// Another peer, as a source. What it has, and how it behaves, may be changed at any time.
struct FakePeer {
    wire::PeerId id;
    wire::Endpoint listens;
    std::map<wire::ContentId, xfsbus::test::Sample> contents{};
    bool is_up = true;     ///< else nothing answers
    bool is_there = true;  ///< else there is no connection to it
    std::uint32_t load = 0;
    wire::Duration answers_after{};  ///< how it is
    wire::FileAttributes attributes{};
    std::optional<wire::ErrorCode> refuses{};  ///< whatever is wanted of it
    bool refuses_bundles = false;
    bool describes = true;             ///< else who asks it for manifests gets no answer
    std::optional<Errc> fails_with{};  ///< whatever it is asked, but for how it is
    bool is_confused = false;          ///< it answers something else than it was asked
    std::size_t tells_of_most = wire::limits::contents_per_ping;  ///< contents, in one Pong
    wire::Duration tells_after{};                                 ///< which contents it has
    bool misplaces_chunks = false;  ///< it says of each that it stands elsewhere in the file
    std::set<std::uint32_t> damaged_chunks{};
    std::set<wire::ContentId> damaged_in_bundles{};
    wire::Duration time_of_a_chunk = std::chrono::milliseconds(10);
    std::size_t chunks_sent = 0;
    std::size_t probes = 0;           ///< that came
    std::size_t manifests_asked = 0;  ///< of it
    std::vector<std::uint32_t> wanted{};
    std::vector<std::size_t> opened_with{};  ///< chunks that the first Want of each transfer names
    std::vector<std::size_t> looked_for{};   ///< contents, in each Ping that names some
    std::vector<std::vector<wire::ContentId>> bundles{};  ///< that were wanted of it
    std::vector<wire::Push> pushes{};
    wire::Pushed pushed{wire::PushState::waiting, 0, ""};  ///< its word to whoever pushes
};

/// As the tracker names it, of a file that it has.
inline wire::SourceEntry source_entry(wire::PeerId const& peer, wire::Endpoint const& listens) {
    return {peer, listens, wire::complete_ppm, ""};
}

inline wire::SourceEntry source_entry(FakePeer const& peer) {
    return source_entry(peer.id, peer.listens);
}

}  // namespace xfsbus::peer::jobs::test
