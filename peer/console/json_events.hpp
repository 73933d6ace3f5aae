#pragma once

#include "policy_text.hpp"

#include <xfsbus/peer/peer.hpp>

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace xfsbus::console {

using Json = nlohmann::ordered_json;

/// How a job of the shell stands that goes on beside the prompt.
struct JobRow {
    unsigned number = 0;
    std::string_view state;
    std::string command;  ///< as it was typed
    std::uint64_t bytes_done = 0;
    std::uint64_t bytes_total = 0;
    double bytes_per_second = 0;
};

/// What has become of a file: `appeared`.
std::string_view word_of(peer::ListingChange what);
std::string_view word_of(peer::PeerChange what);

/// The answers and events of --json; docs/CLI.md lists their fields, which stay. The policy's has
/// all kinds that decide for a peer, since users take them for one thing.
Json to_json(peer::UpdateSummary const& summary);
Json to_json(peer::FoundSource const& source);
Json to_json(peer::DownloadProgress const& progress);
Json to_json(peer::DownloadedFile const& file);
/// The end of a download, without its files.
Json summary_to_json(peer::DownloadReport const& report);
Json to_json(JobRow const& job);
/// "peer", of a list, and "peer_change", of a watch.
Json to_json(peer::KnownPeer const& peer);
Json to_json(peer::PeerChanged const& change);
Json to_json(peer::SharedFileInfo const& file);
/// "listed", of a list, and "change", of a watch.
Json to_json(peer::ListedFile const& file);
Json to_json(peer::ListingChanged const& change);
Json to_json(peer::PeerStatus const& status);
Json to_json(PoliciesInForce const& policies);
/// "push" while it goes on.
Json to_json(peer::PushProgress const& progress);
/// "pushed", of each file, and a summary of them all.
Json to_json(peer::PushReport const& report, std::size_t lacking);
Json to_json(peer::PushResult const& result, std::size_t lacking);

}  // namespace xfsbus::console
