#include "explain.hpp"

#include "explanation.hpp"
#include "handout_story.hpp"
#include "printer.hpp"
#include "trace_story.hpp"

#include <xfsbus/program/run.hpp>
#include <xfsbus/wire/name.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <fstream>
#include <optional>
#include <string_view>
#include <system_error>
#include <vector>

namespace xfsbus::console {
namespace {

Error cannot_read(std::filesystem::path const& path) {
    return {Errc::disk, "cannot read the trace '" + wire::escape(path.string()) +
                            "': " + std::generic_category().message(errno)};
}

/// Whether a tracker has written it, which its first record says.
Result<bool> is_of_tracker(std::filesystem::path const& path) {
    std::ifstream stream(path);
    if (!stream) {
        return cannot_read(path);
    }
    std::string line;
    std::getline(stream, line);
    auto const record = Json::parse(line, nullptr, false);
    return record.is_object() && record.contains("handout");
}

/// Reads all of it. A last line that was cut off is left out.
template <typename Reader>
Status read_trace(std::filesystem::path const& path, Reader& reader) {
    std::ifstream stream(path);
    if (!stream) {
        return cannot_read(path);
    }
    std::size_t number = 0;
    for (std::string line; std::getline(stream, line) && !stream.eof();) {
        ++number;
        if (auto const taken = reader.take(line); !taken) {
            return Error{taken.error().code,
                         fmt::format("'{}', line {}: {}", wire::escape(path.string()), number,
                                     wire::escape(taken.error().message))};
        }
    }
    return done();
}

/// sought: of which there is none, "download of" or "answer about".
Error nothing_of(Explain const& what, std::string_view sought,
                 std::vector<std::string> const& known) {
    std::string names;
    for (auto const& name : known) {
        names += (names.empty() ? "" : ", ") + wire::escape(name);
    }
    return {Errc::not_found,
            fmt::format("the trace '{}' has no {} '{}'; {}", wire::escape(what.trace.string()),
                        sought, wire::escape(what.name),
                        names.empty() ? "it has none at all" : "it has those of " + names)};
}

/// What the figures lack.
void tell_gaps(std::optional<std::uint64_t> dropped, Printer const& printer) {
    if (!dropped) {
        printer.note("the trace has no end: what came after its last record is not known");
    } else if (*dropped > 0) {
        printer.note(fmt::format("{} records were dropped: the figures are too low", *dropped));
    }
}

/// Reads the trace, and tells of the stories that it has of the name.
template <typename Reader, typename Stories>
int tell_from(Reader& reader, Stories const& stories, std::string_view sought, Explain const& what,
              std::ostream& out, Printer const& printer) {
    auto read = read_trace(what.trace, reader);
    if (read && stories().empty()) {
        read = nothing_of(what, sought, reader.names());
    }
    if (!read) {
        printer.error("explain", read.error());
        return program::exit_code(read.error().code);
    }
    for (auto const& story : stories()) {
        out << (what.json
                    ? to_json(story).dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"
                    : explanation(story));
    }
    tell_gaps(reader.dropped(), printer);
    out << std::flush;
    return 0;
}

}  // namespace

int explain(Explain const& what, std::ostream& out, std::ostream& err) {
    Printer const printer({.json = what.json}, out, err);
    auto const of_tracker = is_of_tracker(what.trace);
    if (!of_tracker) {
        printer.error("explain", of_tracker.error());
        return program::exit_code(of_tracker.error().code);
    }
    if (*of_tracker) {
        HandoutReader reader(what.name);
        auto const stories = [&]() -> auto& {
            return reader.handouts();
        };
        return tell_from(reader, stories, "answer about", what, out, printer);
    }
    TraceReader reader(what.name);
    auto const stories = [&]() -> auto& {
        return reader.transfers();
    };
    return tell_from(reader, stories, "download of", what, out, printer);
}

}  // namespace xfsbus::console
