#include "results/course.hpp"

#include <algorithm>

namespace xfsbus::lab::results {
namespace {

bool has_crashed(experiment::Peer const& peer, Course const& course, wire::Duration end) {
    return peer.crashes && *peer.crashes <= course.completed.value_or(end);
}

}  // namespace

PeerRow row_of(experiment::Experiment const& experiment, experiment::Peer const& peer,
               Course const& course, wire::Duration end) {
    auto const& group = experiment.groups[peer.group];
    bool const is_sink = group.role == experiment::Role::sink;
    bool const crashed = is_sink && has_crashed(peer, course, end);
    PeerRow row;
    row.group = peer.group;
    row.arrived = peer.arrives;
    row.first_chunk = course.first_chunk;
    row.completed = course.completed;
    row.quarters = is_sink ? course.quarters : tally::Quarters();
    row.messages = course.messages;
    row.bytes_up = course.bytes_up;
    row.bytes_down = is_sink ? std::min(course.bytes_down, experiment.content.bytes) : 0;
    row.counts = is_sink && group.conduct == experiment::Conduct::honest && !crashed;
    if (!course.failure.empty()) {
        row.failure = course.failure;
    } else if (crashed) {
        row.failure = "crashed";
    } else if (row.counts && !row.completed) {
        row.failure = "not complete when the run ended";
    }
    return row;
}

}  // namespace xfsbus::lab::results
