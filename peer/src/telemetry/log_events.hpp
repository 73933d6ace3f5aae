#pragma once

#include <xfsbus/peer/peer.hpp>
#include <xfsbus/wire/endpoint.hpp>
#include <xfsbus/wire/log.hpp>

#include <cstdint>
#include <string>
#include <string_view>

/// What a peer logs, each kind in one place; docs/OPERATING.md lists them with their fields.
/// Names and reasons are escaped here, endpoints too.
namespace xfsbus::peer::telemetry {

/// Transfers of less are told at debug level: there may be thousands a second.
constexpr std::uint64_t small_bytes = 1024 * 1024;

/// Whether a transfer of so many bytes that went well is told of where `least` and what is more
/// important is logged: to put thousands a second into words costs as much as to store them.
constexpr bool is_told(LogLevel least, std::uint64_t bytes) {
    return least <= (bytes < small_bytes ? LogLevel::debug : LogLevel::info);
}

LogEvent note(LogLevel level, std::string_view text);

LogEvent started(wire::Endpoint const& listens, std::uint16_t data_port,
                 std::string const& tracker);
LogEvent tracker_found(std::string const& tracker, wire::Endpoint const& told);
LogEvent tracker_lost(std::string const& tracker, std::string const& why);
LogEvent not_reachable(wire::Endpoint const& told, std::string const& why);
LogEvent tracker_refuses(std::string const& tracker, std::string const& why);

LogEvent download_begun(std::string const& name, std::string const& content, std::uint64_t size,
                        std::size_t sources);
/// Done, there already, or failed.
LogEvent download_ended(DownloadedFile const& file);
LogEvent download_waits(std::string const& name, std::string const& why);
LogEvent source_lost(std::string const& name, std::string const& source, std::string const& why);
LogEvent source_lied(std::string const& name, std::string const& source, std::string const& why);
LogEvent version_changed(std::string const& name, std::string const& content);
LogEvent unreachable_here(std::string const& name, std::string const& source,
                          std::string const& why);

LogEvent upload_begun(std::string const& name, wire::Endpoint const& sink, std::uint64_t size);
/// `why`: empty if the sink said that it is done.
LogEvent upload_ended(std::string const& name, wire::Endpoint const& sink, std::uint64_t bytes,
                      double seconds, std::string const& why);

LogEvent sink_unreachable(wire::Endpoint const& sink, std::string const& why);

LogEvent push_taken(std::string const& name, std::uint64_t size);
LogEvent push_failed(LogLevel level, std::string const& name, Error const& why);

LogEvent policy_fault(std::string_view what);
/// `line`: printable.
LogEvent policy_says(std::string_view plugin, std::string_view line);
LogEvent file_changed(std::string const& name);
LogEvent file_unreadable(std::string const& name, std::string const& why);
LogEvent network_trouble(std::string const& what);

}  // namespace xfsbus::peer::telemetry
