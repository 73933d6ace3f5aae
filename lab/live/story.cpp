#include "live/story.hpp"

#include <xfsbus/wire/name.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>

namespace xfsbus::lab::live {
namespace {

using Json = nlohmann::json;

/// More than the status of a peer with the most sources takes.
constexpr std::size_t line_most = 1024UL * 1024;
constexpr int code_of_plugin = 11;  ///< docs/CLI.md, exit codes

void count_sources(Told& told, Json const& sources) {
    for (auto const& source : sources) {
        told.received[source.at("peer").get<std::string>()] = {
            source.at("bytes").get<std::uint64_t>(),
            source.at("bytes_duplicate").get<std::uint64_t>()};
    }
}

void count_bytes(Told& told, std::uint64_t bytes, std::uint64_t of, wire::Duration now) {
    if (bytes <= told.bytes_down) {
        return;
    }
    told.stored.add(now, bytes - told.bytes_down);
    told.bytes_down = bytes;
    told.first_chunk = told.first_chunk.value_or(now);
    told.quarters.reached(bytes, of, now);
}

Status take_failure(Told& told, Json const& event, char const* words) {
    told.failure = wire::escape(event.at(words).get<std::string>());
    return event.at("code").get<int>() == code_of_plugin ? Status(Error{Errc::plugin, told.failure})
                                                         : done();
}

Status take_download(Told& told, Json const& event, std::uint64_t of, wire::Duration now) {
    count_sources(told, event.at("sources"));
    if (!event.at("ok").get<bool>()) {
        return take_failure(told, event, "error");
    }
    count_bytes(told, event.at("size").get<std::uint64_t>(), of, now);
    told.completed = now;
    return done();
}

Status take_status(Told& told, Json const& event, std::uint64_t of, wire::Duration now) {
    ++told.answers;
    told.bytes_sent = event.at("bytes_sent").get<std::uint64_t>();
    for (auto const& file : event.at("downloading")) {
        count_sources(told, file.at("sources"));
        count_bytes(told, file.at("bytes_done").get<std::uint64_t>(), of, now);
    }
    return done();
}

Status take_event(Told& told, Json const& event, std::uint64_t of, wire::Duration now) {
    auto const kind = event.at("event").get<std::string>();
    if (kind == "downloaded") {
        return take_download(told, event, of, now);
    }
    if (kind == "status") {
        return take_status(told, event, of, now);
    }
    if (kind == "error") {
        return take_failure(told, event, "message");
    }
    if (kind == "progress") {
        count_bytes(told, event.at("bytes_done").get<std::uint64_t>(), of, now);
    }
    told.ready |= kind == "ready";
    told.listed |= kind == "updated";
    return done();
}

Status take_line(Told& told, std::string_view line, std::uint64_t of, wire::Duration now) {
    auto const event = Json::parse(line, nullptr, false);
    if (!event.is_object() || !event.contains("event")) {
        return done();
    }
    try {
        return take_event(told, event, of, now);
    } catch (Json::exception const& error) {
        return Error{Errc::failed, "an event of it makes no sense: " + wire::escape(error.what())};
    }
}

}  // namespace

Status Story::take(std::string_view text, wire::Duration now) {
    rest_ += text;
    std::size_t begin = 0;
    for (auto end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n', begin)) {
        auto taken = take_line(told_, std::string_view(rest_).substr(begin, end - begin),
                               content_bytes_, now);
        begin = end + 1;
        if (!taken) {
            return taken;
        }
    }
    rest_.erase(0, begin);
    return rest_.size() > line_most
               ? Status(Error{Errc::failed, "it writes a line that is longer than any event"})
               : done();
}

}  // namespace xfsbus::lab::live
