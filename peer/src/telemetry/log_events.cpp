#include "telemetry/log_events.hpp"

#include <xfsbus/wire/name.hpp>

#include <array>
#include <cstdio>

namespace xfsbus::peer::telemetry {
namespace {

using wire::escape;

std::string quoted(std::string const& name) {
    return "'" + escape(name) + "'";
}

LogLevel level_of(std::uint64_t bytes) {
    return bytes < small_bytes ? LogLevel::debug : LogLevel::info;
}

std::string in_seconds(double seconds) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.2f s", seconds);
    return text.data();
}

std::string bytes_in(std::uint64_t bytes, double seconds) {
    return std::to_string(bytes) + " bytes in " + in_seconds(seconds);
}

}  // namespace

LogEvent note(LogLevel level, std::string_view text) {
    return {level, {}, std::string(text), {}};
}

LogEvent started(wire::Endpoint const& listens, std::uint16_t data_port,
                 std::string const& tracker) {
    auto const address = escape(listens.to_string());
    return {LogLevel::info,
            "started",
            "listening on " + address + ", for file data on " +
                (data_port == 0 ? "a free port" : "port " + std::to_string(data_port)) +
                ", with the tracker at " + escape(tracker),
            {{"address", address},
             {"data_port", std::uint64_t{data_port}},
             {"tracker", escape(tracker)}}};
}

LogEvent tracker_found(std::string const& tracker, wire::Endpoint const& told) {
    auto const address = escape(told.to_string());
    return {LogLevel::info,
            "tracker-found",
            "registered with " + escape(tracker) + ", which tells others that we are at " + address,
            {{"tracker", escape(tracker)}, {"address", address}}};
}

LogEvent tracker_lost(std::string const& tracker, std::string const& why) {
    return {LogLevel::warning,
            "tracker-lost",
            escape(tracker) + ": " + escape(why) + "; it is tried again",
            {{"tracker", escape(tracker)}, {"why", escape(why)}}};
}

LogEvent not_reachable(wire::Endpoint const& told, std::string const& why) {
    auto const address = escape(told.to_string());
    return {LogLevel::warning,
            "not-reachable",
            "the tracker cannot connect to us at " + address + ": " + why +
                "; others will not fetch from here: let the port through the firewall, or listen "
                "at another address (--bind)",
            {{"address", address}, {"why", why}}};
}

LogEvent tracker_refuses(std::string const& tracker, std::string const& why) {
    return {LogLevel::warning,
            "tracker-refuses",
            "the tracker at " + escape(tracker) + ": " + why,
            {{"tracker", escape(tracker)}, {"why", why}}};
}

LogEvent download_begun(std::string const& name, std::string const& content, std::uint64_t size,
                        std::size_t sources) {
    return {level_of(size),
            "download-begun",
            quoted(name) + ", " + std::to_string(size) + " bytes, from " + std::to_string(sources) +
                (sources == 1 ? " source" : " sources"),
            {{"name", escape(name)},
             {"content", content},
             {"size", size},
             {"sources", std::uint64_t{sources}}}};
}

LogEvent download_ended(DownloadedFile const& file) {
    LogEvent event{level_of(file.size),
                   "download-done",
                   quoted(file.name) + ": ",
                   {{"name", escape(file.name)},
                    {"content", file.content},
                    {"size", file.size},
                    {"bytes", file.bytes_fetched},
                    {"seconds", file.seconds}}};
    if (file.error) {
        event.level = LogLevel::info;
        event.name = "download-failed";
        event.text += file.error->message;
        event.fields.emplace_back("code", std::string(name_of(file.error->code)));
        event.fields.emplace_back("why", file.error->message);
    } else if (file.present) {
        event.text += "it was there already";
    } else {
        event.text += bytes_in(file.bytes_fetched, file.seconds);
    }
    return event;
}

LogEvent download_waits(std::string const& name, std::string const& why) {
    return {LogLevel::info,
            "download-waits",
            quoted(name) + ": " + why + "; it is waited for",
            {{"name", escape(name)}, {"why", why}}};
}

LogEvent source_lost(std::string const& name, std::string const& source, std::string const& why) {
    return {LogLevel::info,
            "source-lost",
            escape(source) + ", of " + quoted(name) + ": " + why,
            {{"name", escape(name)}, {"source", escape(source)}, {"why", why}}};
}

LogEvent source_lied(std::string const& name, std::string const& source, std::string const& why) {
    return {LogLevel::warning,
            "source-lied",
            escape(source) + " about " + quoted(name) + ": " + why +
                "; it is not used for this file any more",
            {{"name", escape(name)}, {"source", escape(source)}, {"why", why}}};
}

LogEvent version_changed(std::string const& name, std::string const& content) {
    constexpr std::size_t shown = 12;
    return {LogLevel::warning,
            "version-changed",
            quoted(name) + " has changed at its sources; fetching its new version " +
                content.substr(0, shown),
            {{"name", escape(name)}, {"content", content}}};
}

LogEvent unreachable_here(std::string const& name, std::string const& source,
                          std::string const& why) {
    return {LogLevel::warning,
            "unreachable-here",
            escape(source) + " cannot send us " + quoted(name) + ": " + escape(why) +
                "; let the port through the firewall, or choose it by --data-port",
            {{"name", escape(name)}, {"source", escape(source)}, {"why", escape(why)}}};
}

LogEvent upload_begun(std::string const& name, wire::Endpoint const& sink, std::uint64_t size) {
    auto const to = escape(sink.to_string());
    return {level_of(size),
            "upload-begun",
            quoted(name) + " to " + to,
            {{"name", escape(name)}, {"sink", to}, {"size", size}}};
}

LogEvent upload_ended(std::string const& name, wire::Endpoint const& sink, std::uint64_t bytes,
                      double seconds, std::string const& why) {
    auto const to = escape(sink.to_string());
    LogEvent event{level_of(bytes),
                   "upload-done",
                   quoted(name) + " to " + to + ": " + bytes_in(bytes, seconds),
                   {{"name", escape(name)}, {"sink", to}, {"bytes", bytes}, {"seconds", seconds}}};
    if (!why.empty()) {
        event.name = "upload-ended";
        event.level = LogLevel::info;
        event.text += ": " + escape(why);
        event.fields.emplace_back("why", escape(why));
    }
    return event;
}

LogEvent sink_unreachable(wire::Endpoint const& sink, std::string const& why) {
    auto const to = escape(sink.to_string());
    return {LogLevel::warning,
            "sink-unreachable",
            "a download cannot be served: no connection to its data port " + to + ": " + why,
            {{"sink", to}, {"why", why}}};
}

LogEvent push_taken(std::string const& name, std::uint64_t size) {
    return {LogLevel::info,
            "push-taken",
            quoted(name) + ", " + std::to_string(size) + " bytes",
            {{"name", escape(name)}, {"size", size}}};
}

LogEvent push_failed(LogLevel level, std::string const& name, Error const& why) {
    return {
        level,
        "push-failed",
        quoted(name) + ", which another peer pushed, could not be fetched: " + why.message,
        {{"name", escape(name)}, {"code", std::string(name_of(why.code))}, {"why", why.message}}};
}

LogEvent policy_fault(std::string_view what) {
    return {LogLevel::warning, "policy-fault", std::string(what), {{"why", std::string(what)}}};
}

LogEvent policy_says(std::string_view plugin, std::string_view line) {
    return {LogLevel::info,
            "policy-says",
            std::string(plugin) + ": " + std::string(line),
            {{"plugin", std::string(plugin)}, {"line", std::string(line)}}};
}

LogEvent file_changed(std::string const& name) {
    return {
        LogLevel::warning,
        "file-changed",
        quoted(name) + " has changed or vanished while it was sent; those who fetch it are told",
        {{"name", escape(name)}}};
}

LogEvent network_trouble(std::string const& what) {
    return {LogLevel::warning, "network-trouble", what, {{"why", what}}};
}

LogEvent file_unreadable(std::string const& name, std::string const& why) {
    return {LogLevel::warning,
            "file-unreadable",
            quoted(name) + ", which is shared, " + why,
            {{"name", escape(name)}, {"why", why}}};
}

}  // namespace xfsbus::peer::telemetry
