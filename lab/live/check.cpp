// Whether an experiment can be run with real programs here.
#include "live/network.hpp"
#include "live/plan.hpp"
#include "live/run.hpp"

#include <xfsbus/wire/name.hpp>

#include <system_error>

#include <unistd.h>

namespace xfsbus::lab::live {
namespace {

using experiment::Experiment;
using experiment::Where;

Status check_programs(std::filesystem::path const& directory) {
    for (auto const* const name : {"xfs-tracker", "xfs-peer"}) {
        auto const file = directory / name;
        if (::access(file.c_str(), X_OK) != 0) {
            return Error{Errc::failed, "there is no program " + wire::escape(file.string()) +
                                           "; it is expected beside xfs-lab"};
        }
    }
    return done();
}

Status check_tools() {
    if (::geteuid() != 0) {
        return Error{Errc::usage, "--netns needs root, who alone may make networks; use --live"};
    }
    for (auto const* const name : {"ip", "tc"}) {
        if (find_tool(name).empty()) {
            return Error{Errc::usage, std::string("--netns needs the program '") + name +
                                          "', which is not installed; use --live"};
        }
    }
    return done();
}

/// The content, once for all that have it from the start, and once for each that fetches it.
Status check_room(Experiment const& experiment, std::filesystem::path const& work) {
    std::uint64_t copies = 1;
    for (auto const& group : experiment.groups) {
        copies += group.role == experiment::Role::sink ? group.count : 0;
    }
    std::error_code error;
    auto const room = std::filesystem::space(work, error);
    if (error || room.available / copies >= experiment.content.bytes) {
        return done();
    }
    constexpr std::uint64_t mebi = 1024UL * 1024;
    return Error{Errc::disk, wire::escape(work.string()) + ": has room for " +
                                 std::to_string(room.available / mebi) + " MiB, and " +
                                 std::to_string(copies) + " copies of the content are " +
                                 std::to_string(copies * experiment.content.bytes / mebi) +
                                 " MiB; name another place with --work-dir"};
}

}  // namespace

Status check(Experiment const& experiment, Place const& place) {
    if (auto there = check_programs(place.programs); !there) {
        return there;
    }
    if (place.where == Where::netns) {
        if (auto can = check_tools(); !can) {
            return can;
        }
    }
    return check_room(experiment, place.work);
}

std::vector<std::string> notes_of(Experiment const& experiment, Where where) {
    std::vector<std::string> notes;
    if (has_latency(experiment)) {
        notes.emplace_back(
            "Latency is what the peers add to each question themselves, as their latency file "
            "says, and comes on top of the machine's own.");
    }
    if (where == Where::live) {
        notes.emplace_back(
            "Peers keep to their rates themselves; no link between them is limited.");
    }
    return notes;
}

}  // namespace xfsbus::lab::live
