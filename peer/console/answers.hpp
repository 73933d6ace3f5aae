#pragma once

#include "policy_text.hpp"
#include "printer.hpp"

#include <xfsbus/peer/peer.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace xfsbus::console {

struct JobRow;

/// The answers of the commands, as text or as JSON. Text from the network is escaped.
void print_ready(Printer const& printer, peer::PeerStatus const& status, bool to_out);
void print_update(Printer const& printer, peer::UpdateSummary const& summary);
void print_load(Printer const& printer, std::string const& host, std::uint16_t port,
                std::uint32_t load);
void print_sources(Printer const& printer, std::vector<peer::FoundSource> const& sources);
void print_downloaded(Printer const& printer, peer::DownloadReport const& report);
void print_pushed(Printer const& printer, peer::PushResult const& result,
                  peer::PushRequest const& request);
void print_jobs(Printer const& printer, std::vector<JobRow> const& jobs);
void print_peers(Printer const& printer, std::vector<peer::KnownPeer> const& peers);
void print_files(Printer const& printer, std::vector<peer::SharedFileInfo> const& files);
void print_list(Printer const& printer, std::vector<peer::ListedFile> const& files);
void print_change(Printer const& printer, peer::ListingChanged const& change);
void print_change(Printer const& printer, peer::PeerChanged const& change);
void print_status(Printer const& printer, peer::PeerStatus const& status);
void print_policy(Printer const& printer, PoliciesInForce const& policies);
void print_help(Printer const& printer, std::string const& text);

/// Events of a job that goes on, for a printer of JSON: people see it drawn.
void print_progress(Printer const& printer, peer::DownloadProgress const& progress);
void print_progress(Printer const& printer, peer::PushProgress const& progress);

}  // namespace xfsbus::console
