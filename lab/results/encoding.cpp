#include "results/encoding.hpp"

#include <nlohmann/json.hpp>

namespace xfsbus::lab::results {
namespace {

template <typename Number>
nlohmann::json encoded_number(std::optional<Number> number) {
    return number ? nlohmann::json(*number) : nlohmann::json();
}

template <typename Number>
std::optional<Number> number_of(nlohmann::json const& json) {
    return json.is_null() ? std::nullopt : std::optional(json.get<Number>());
}

nlohmann::json encoded(std::optional<wire::Duration> time) {
    return encoded_number(time ? std::optional(time->count()) : std::nullopt);
}

std::optional<wire::Duration> time_of(nlohmann::json const& json) {
    auto const count = number_of<wire::Duration::rep>(json);
    return count ? std::optional(wire::Duration(*count)) : std::nullopt;
}

nlohmann::json encoded(tally::Quarters const& quarters) {
    nlohmann::json times = nlohmann::json::array();
    for (std::size_t quarter = 0; quarter < tally::Quarters::count; ++quarter) {
        times.push_back(encoded(quarters.at(quarter)));
    }
    return times;
}

tally::Quarters quarters_of(nlohmann::json const& json) {
    tally::Quarters quarters;
    for (std::size_t quarter = 0; quarter < tally::Quarters::count; ++quarter) {
        quarters.set(quarter, time_of(json.at(quarter)));
    }
    return quarters;
}

nlohmann::json encoded(std::optional<tally::Messages> const& messages) {
    return messages ? nlohmann::json(messages->counts) : nlohmann::json();
}

std::optional<tally::Messages> messages_of(nlohmann::json const& json) {
    if (json.is_null()) {
        return std::nullopt;
    }
    tally::Messages messages;
    for (std::size_t kind = 0; kind < messages.counts.size(); ++kind) {
        messages.counts[kind] = json.at(kind).get<std::uint64_t>();
    }
    return messages;
}

nlohmann::json encoded(std::optional<Decisions> const& decisions) {
    return decisions ? nlohmann::json::array({decisions->made, decisions->seconds})
                     : nlohmann::json();
}

std::optional<Decisions> decisions_of(nlohmann::json const& json) {
    if (json.is_null()) {
        return std::nullopt;
    }
    return Decisions{json.at(0).get<std::uint64_t>(), json.at(1).get<double>()};
}

nlohmann::json encoded(PeerRow const& row) {
    return nlohmann::json::array({row.group, row.counts, row.arrived.count(),
                                  encoded(row.first_chunk), encoded(row.quarters),
                                  encoded(row.completed), row.bytes_up, row.bytes_down,
                                  encoded(row.messages), row.failure});
}

PeerRow row_of(nlohmann::json const& json) {
    std::size_t at = 0;
    PeerRow row;
    row.group = json.at(at++).get<std::uint32_t>();
    row.counts = json.at(at++).get<bool>();
    row.arrived = wire::Duration(json.at(at++).get<wire::Duration::rep>());
    row.first_chunk = time_of(json.at(at++));
    row.quarters = quarters_of(json.at(at++));
    row.completed = time_of(json.at(at++));
    row.bytes_up = json.at(at++).get<std::uint64_t>();
    row.bytes_down = json.at(at++).get<std::uint64_t>();
    row.messages = messages_of(json.at(at++));
    row.failure = json.at(at++).get<std::string>();
    return row;
}

nlohmann::json encoded(Run const& run) {
    nlohmann::json peers = nlohmann::json::array();
    for (auto const& row : run.peers) {
        peers.push_back(encoded(row));
    }
    nlohmann::json racks = nlohmann::json::array();
    for (auto const& [way, bytes] : run.bytes_between_racks) {
        racks.push_back(nlohmann::json::array({way.first, way.second, bytes}));
    }
    return {{"peers", std::move(peers)},          {"step", run.stored.step().count()},
            {"stored", run.stored.bytes()},       {"chunks_sent", run.chunks_sent},
            {"duplicate", run.bytes_duplicate},   {"bytes_of_seeds", run.bytes_of_seeds},
            {"busy", encoded_number(run.busy)},   {"racks", std::move(racks)},
            {"decisions", encoded(run.decisions)}};
}

std::optional<Run> run_of(nlohmann::json const& json) {
    Run run;
    for (auto const& row : json.at("peers")) {
        run.peers.push_back(row_of(row));
    }
    auto stored = tally::Timeline::of(wire::Duration(json.at("step").get<wire::Duration::rep>()),
                                      json.at("stored").get<std::vector<std::uint64_t>>());
    if (!stored) {
        return std::nullopt;
    }
    run.stored = *std::move(stored);
    run.busy = number_of<double>(json.at("busy"));
    run.decisions = decisions_of(json.at("decisions"));
    run.chunks_sent = json.at("chunks_sent").get<std::uint64_t>();
    run.bytes_duplicate = json.at("duplicate").get<std::uint64_t>();
    run.bytes_of_seeds = json.at("bytes_of_seeds").get<std::uint64_t>();
    for (auto const& way : json.at("racks")) {
        run.bytes_between_racks[{way.at(0).get<std::uint32_t>(), way.at(1).get<std::uint32_t>()}] =
            way.at(2).get<std::uint64_t>();
    }
    return run;
}

}  // namespace

std::string encode(std::variant<Run, std::string> const& what) {
    nlohmann::json json;
    if (auto const* const run = std::get_if<Run>(&what)) {
        json = encoded(*run);
    } else {
        json["failed"] = std::get<std::string>(what);
    }
    return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Result<std::variant<Run, std::string>> decode(std::string_view text) {
    try {
        auto const json = nlohmann::json::parse(text);
        if (json.contains("failed")) {
            return std::variant<Run, std::string>(json.at("failed").get<std::string>());
        }
        if (auto run = run_of(json)) {
            return std::variant<Run, std::string>(*std::move(run));
        }
    } catch (nlohmann::json::exception const&) {  // NOLINT(bugprone-empty-catch): told below
    }
    return Error{Errc::failed, "what its process has written makes no sense"};
}

}  // namespace xfsbus::lab::results
