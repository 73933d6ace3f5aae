#include "experiment/parse.hpp"

#include "experiment/check_where.hpp"
#include "experiment/letters.hpp"
#include "experiment/population.hpp"
#include "experiment/read_groups.hpp"
#include "experiment/read_latencies.hpp"
#include "experiment/read_platform.hpp"
#include "experiment/read_policies.hpp"
#include "experiment/table_reader.hpp"
#include "experiment/units.hpp"

#include <xfsbus/wire/file_layout.hpp>
#include <xfsbus/wire/limits.hpp>
#include <xfsbus/wire/manifest.hpp>
#include <xfsbus/wire/name.hpp>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>

namespace xfsbus::lab::experiment {
namespace {

// ---- the tables ----

Network read_network(TableReader& table) {
    Network network;
    network.latency = table.time("latency", network.latency);
    network.rack_link = table.rate("rack-link", 0);
    network.core_link = table.rate("core-link", 0);
    return network;
}

Content read_content(TableReader& table) {
    Content content;
    if (!table.has("size")) {
        table.wrong("size", "is missing; write for example size = \"100M\"");
    }
    content.bytes = table.size("size", 1, limits::content_bytes);
    auto const usual = wire::chunk_size_for(content.bytes);
    content.chunk_bytes =
        static_cast<std::uint32_t>(table.size("chunk-size", usual, wire::limits::chunk_bytes_max));
    constexpr std::uint32_t least = 1024;
    auto const chunks = content.bytes / std::max(content.chunk_bytes, 1U);
    if (content.chunk_bytes < least || chunks > limits::chunks) {
        table.wrong("chunk-size", "must be at least 1K, and make at most 1048576 chunks");
    }
    return content;
}

Arrivals read_arrivals(TableReader& table) {
    Arrivals arrivals;
    arrivals.kind =
        static_cast<Arrivals::Kind>(table.word("kind", 0, {"flash", "poisson", "trace"}));
    arrivals.first = table.time("first", {});
    constexpr double seldom = 1e-6;
    arrivals.per_second = table.real("per-second", 0, seldom, limits::per_second);
    table.each("times", limits::peers, [&](toml::node const& each) {
        auto const text = text_of(each);
        auto const time = parse_time(text.value_or(""));
        if (!time) {
            return table.wrong(each, "times", time.error().message);
        }
        arrivals.times.push_back(*time);
    });
    bool const poisson = arrivals.kind == Arrivals::Kind::poisson;
    bool const trace = arrivals.kind == Arrivals::Kind::trace;
    if (poisson != table.has("per-second")) {
        table.wrong("per-second", "belongs to kind = \"poisson\", which needs it");
    }
    if (trace != table.has("times")) {
        table.wrong("times", "belongs to kind = \"trace\", which needs it");
    }
    if (trace && table.has("first")) {
        table.wrong("first", "does not go with kind = \"trace\"");
    }
    return arrivals;
}

void read_seeds(TableReader& table, Experiment& experiment) {
    auto const* const node = table.get("seeds");
    auto const count = node != nullptr ? node->value_exact<std::int64_t>() : std::nullopt;
    if (node == nullptr || count) {
        auto const seeds = table.number("seeds", 10, 1, limits::seeds);
        for (std::uint64_t seed = 1; seed <= std::min<std::uint64_t>(seeds, limits::seeds);
             ++seed) {
            experiment.seeds.push_back(seed);
        }
        return;
    }
    table.each("seeds", limits::seeds, [&](toml::node const& each) {
        auto const seed = each.value_exact<std::int64_t>().value_or(-1);
        if (seed < 0 ||
            std::ranges::count(experiment.seeds, static_cast<std::uint64_t>(seed)) > 0) {
            table.wrong(each, "seeds", "must be how many, or a list of different whole numbers");
        }
        experiment.seeds.push_back(static_cast<std::uint64_t>(seed));
    });
}

// ---- what must fit together ----

std::uint64_t count_of(Experiment const& experiment, bool (*which)(Group const&)) {
    std::uint64_t count = 0;
    for (auto const& group : experiment.groups) {
        count += which(group) ? group.count : 0;
    }
    return count;
}

void check_whole(TableReader& file, Experiment const& experiment) {
    auto const seeds = count_of(experiment, [](Group const& group) {
        return group.role == Role::seed && group.conduct == Conduct::honest && group.serves;
    });
    auto const sinks = count_of(experiment, [](Group const& group) {
        return group.role == Role::sink && group.conduct == Conduct::honest;
    });
    if (seeds == 0) {
        file.wrong("peers", "nobody has the file; write role = \"seed\" in one of [[peers]]");
    }
    if (sinks == 0) {
        file.wrong("peers", "nobody fetches the file; write role = \"sink\" in one of [[peers]]");
    }
    auto const come = count_of(
        experiment, [](Group const& group) { return group.role == Role::sink && !group.arrives; });
    auto const& arrivals = experiment.arrivals;
    if (arrivals.kind == Arrivals::Kind::trace && arrivals.times.size() != come) {
        file.wrong("arrivals", "times has " + std::to_string(arrivals.times.size()) +
                                   " elements, and " + std::to_string(come) +
                                   " sinks have no time of their own");
    }
    if (peers_of(experiment) * experiment.policies.size() * experiment.seeds.size() >
        limits::rows) {
        file.wrong("seeds", "peers x policies x seeds are more than 5000000; write fewer seeds");
    }
}

void read_all(TableReader& file, Experiment& experiment, Where where, Files const& files) {
    experiment.name = file.needed_text("name");
    read_seeds(file, experiment);
    experiment.stop = file.time("stop", experiment.stop);
    read_groups(file, experiment, where);
    file.table("network", [&](auto& table) {
        experiment.network = read_network(table);
        check_where(table, where, experiment.network);
    });
    file.table("latency", [&](auto& table) { read_latencies(table, experiment, where, files); });
    file.table("platform", [&](auto& table) {
        check_platform(table, where);
        read_platform(table, experiment, files);
    });
    if (!file.has("content")) {
        file.wrong("content", "is missing; write [content] with size = \"100M\"");
    }
    file.table("content", [&](auto& table) {
        experiment.content = read_content(table);
        check_where(table, where, experiment.content);
    });
    file.table("arrivals", [&](auto& table) { experiment.arrivals = read_arrivals(table); });
    file.table("churn", [&](auto& table) {
        experiment.churn.leave = table.real("leave", 0, 0, 1);
        experiment.churn.crash = table.real("crash", 0, 0, limits::per_second);
    });
    file.table("fetching", [&](auto& table) {
        auto const places = table.number("places", 0, 1, limits::places);
        experiment.fetching.places =
            places > 0 ? std::optional(static_cast<std::uint32_t>(places)) : std::nullopt;
        check_where(table, where, experiment.fetching);
    });
    read_policies(file, experiment.policies);
}

/// As much of a file as that.
Result<std::string> read_text(std::filesystem::path const& file, std::size_t most) {
    std::string text;
    errno = 0;
    std::ifstream stream(file, std::ios::binary);
    std::vector<char> block(64UL * 1024);
    while (stream && text.size() < most) {
        stream.read(block.data(),
                    static_cast<std::streamsize>(std::min(block.size(), most - text.size())));
        text.append(block.data(), static_cast<std::size_t>(stream.gcount()));
    }
    if (!stream.eof() && !stream.good()) {
        return Error{Errc::disk, wire::escape(file.string()) +
                                     ": cannot be read: " + std::generic_category().message(errno)};
    }
    return text;
}

}  // namespace

Result<std::string> no_files(std::string const& name, std::size_t) {
    return Error{Errc::usage, "'" + wire::escape(name) + "' cannot be read: there are no files"};
}

Result<Experiment> parse(std::string_view text, std::string const& file, Where where,
                         Files const& files) {
    if (text.size() > limits::file_bytes) {
        return Error{Errc::usage, file + ": is larger than 1 MiB; that is no experiment"};
    }
    if (auto const line = line_of_strange_letter(text)) {
        return Error{Errc::usage, file + ":" + std::to_string(*line) +
                                      ": is no TOML: only texts in quotes and comments have other "
                                      "letters than those of ASCII"};
    }
    auto const parsed = toml::parse(text, file);
    if (!parsed) {
        auto const& error = parsed.error();
        return Error{Errc::usage, file + ":" + std::to_string(error.source().begin.line) +
                                      ": is no TOML: " + wire::escape(error.description())};
    }
    Complaint complaint(file);
    TableReader reader(complaint, parsed.table(), {});
    Experiment experiment;
    read_all(reader, experiment, where, files);
    reader.done();
    if (!complaint.first()) {
        check_whole(reader, experiment);
    }
    if (complaint.first()) {
        return *complaint.first();
    }
    return experiment;
}

Result<Experiment> read(std::filesystem::path const& file, Where where) {
    auto const text = read_text(file, limits::file_bytes + 1);
    if (!text) {
        return text.error();
    }
    return parse(*text, wire::escape(file.string()), where,
                 [&](std::string const& name, std::size_t most) -> Result<std::string> {
                     auto content = read_text(file.parent_path() / name, most + 1);
                     if (content && content->size() > most) {
                         return Error{Errc::usage, "'" + wire::escape(name) + "' is larger than " +
                                                       std::to_string(most) + " bytes"};
                     }
                     return content;
                 });
}

}  // namespace xfsbus::lab::experiment
