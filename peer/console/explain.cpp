#include "explain.hpp"

#include "explanation.hpp"
#include "printer.hpp"
#include "trace_story.hpp"

#include <xfsbus/program/run.hpp>
#include <xfsbus/wire/name.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <fstream>
#include <system_error>

namespace xfsbus::console {
namespace {

/// Reads all of it. A last line that was cut off is left out.
Status read_trace(std::filesystem::path const& path, TraceReader& reader) {
    std::ifstream stream(path);
    if (!stream) {
        return Error{Errc::disk, "cannot read the trace '" + wire::escape(path.string()) +
                                     "': " + std::generic_category().message(errno)};
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

Error no_such_download(Explain const& what, TraceReader const& reader) {
    std::string names;
    for (auto const& name : reader.names()) {
        names += (names.empty() ? "" : ", ") + wire::escape(name);
    }
    return {Errc::not_found,
            fmt::format("the trace '{}' has no download of '{}'; {}",
                        wire::escape(what.trace.string()), wire::escape(what.name),
                        names.empty() ? "it has none at all" : "it has those of " + names)};
}

/// What the figures lack.
void tell_gaps(TraceReader const& reader, Printer const& printer) {
    if (!reader.dropped()) {
        printer.note("the trace has no end: what came after its last record is not known");
    } else if (*reader.dropped() > 0) {
        printer.note(
            fmt::format("{} records were dropped: the figures are too low", *reader.dropped()));
    }
}

}  // namespace

int explain(Explain const& what, std::ostream& out, std::ostream& err) {
    Printer const printer({.json = what.json}, out, err);
    TraceReader reader(what.name);
    auto read = read_trace(what.trace, reader);
    if (read && reader.transfers().empty()) {
        read = no_such_download(what, reader);
    }
    if (!read) {
        printer.error("explain", read.error());
        return program::exit_code(read.error().code);
    }
    for (auto const& story : reader.transfers()) {
        out << (what.json
                    ? to_json(story).dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"
                    : explanation(story));
    }
    tell_gaps(reader, printer);
    out << std::flush;
    return 0;
}

}  // namespace xfsbus::console
