// Programs that may have few descriptors open, or have many sinks for those that they may.
#include "catch.hpp"
#include "swarm.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <memory>
#include <string>
#include <vector>

using namespace xfsbus::test;

namespace {

using Limits = std::vector<unsigned>;

/// Below what the system's loader needs, below what a program needs, at that, and just above.
Limits const some = {4, 16, 63, 64, 95, 96, 112};

Limits all() {
    Limits limits;
    for (unsigned limit = 3; limit <= 128; limit += limit < 40 ? 1 : 4) {
        limits.push_back(limit);
    }
    limits.insert(limits.end(), {63, 95, 97, 160, 200, 256});
    return limits;
}

constexpr auto time_most = std::chrono::seconds(10);
constexpr int no_loader = 127;  // the exit code of the system's loader

Process::Options limited(Process::Options options, unsigned limit) {
    options.descriptors = limit;
    return options;
}

/// A program that did not do its work has ended by itself, and says what it lacks.
void check_refusal(int code, std::string const& err, unsigned limit) {
    INFO("exit code " << code << "\n" << err);
    CHECK(code > 0);
    auto const names = [&](std::string const& what) { return err.find(what) != std::string::npos; };
    CHECK((code == no_loader || names("descriptors") || names("Too many open files")));
    CHECK((code == no_loader || names(std::to_string(limit)) || names("ulimit -n")));
}

/// Starts it; nullptr if it has refused to, as it should.
std::unique_ptr<Process> start(std::string const& program, Process::Options const& options) {
    auto process = std::make_unique<Process>(program, options);
    try {
        process->wait_until(
            "that it is ready",
            [](auto const& output) { return output.out.find("ready") != std::string::npos; },
            time_most);
        return process;
    } catch (std::runtime_error const&) {
        check_refusal(process->wait(time_most), process->err(), *options.descriptors);
        return nullptr;
    }
}

int stop(Process& process) {
    process.signal(SIGTERM);
    return process.wait(time_most);
}

std::string name_of(std::string const& directory, int file) {
    return directory + "/" + std::to_string(file) + ".bin";
}

constexpr int small_files = 30;
constexpr std::uint64_t large_bytes = 3 * mib + 5;  // of several chunks

void write_files(std::filesystem::path const& share, std::string const& directory) {
    write_file(share / directory / "large.bin", noise(large_bytes));
    for (int i = 0; i < small_files; ++i) {
        write_file(share / name_of(directory, i), noise(1000, static_cast<unsigned>(i)));
    }
}

bool has_files(std::filesystem::path const& share, std::string const& directory) {
    bool good = holds(share / directory / "large.bin", noise(large_bytes));
    for (int i = 0; i < small_files; ++i) {
        good = good && holds(share / name_of(directory, i), noise(1000, static_cast<unsigned>(i)));
    }
    return good;
}

/// A sink that fetches everything in a directory; unlimited if there is no limit.
Ended fetch(Swarm const& swarm, std::string const& sink, std::string const& directory,
            std::optional<unsigned> limit = {}) {
    std::filesystem::remove_all(swarm.directory(sink));
    auto options = swarm.peer({"--json", "--dir", swarm.directory(sink).string(), "-c",
                               "download '" + directory + "/*'"});
    options.descriptors = limit;
    Process process(XFS_PEER_PROGRAM, std::move(options));
    process.close_input();
    int const code = process.wait(time_most);
    return {code, process.out(), process.err()};
}

void try_trackers(Limits const& limits) {
    for (unsigned const limit : limits) {
        INFO("a tracker with " << limit << " descriptors");
        Swarm swarm(Swarm::Tracker::down);
        auto const tracker =
            start(XFS_TRACKER_PROGRAM,
                  limited({{"--bind", swarm.endpoint()}, {}, swarm.directory("home"), {}}, limit));
        if (!tracker) {
            continue;
        }
        write_files(swarm.directory("a"), "files");
        Source const a(swarm, "a");
        auto const ended = fetch(swarm, "sink", "files");
        INFO(ended.err);
        CHECK(ended.code == 0);
        CHECK(has_files(swarm.directory("sink"), "files"));
        CHECK(stop(*tracker) == 0);
    }
}

void try_sources(Limits const& limits) {
    Swarm swarm;
    auto const share = swarm.directory("a");
    write_files(share, "files");
    // Deep directories are opened one in the other.
    write_file(share / "a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/deep.bin", "deep");
    for (unsigned const limit : limits) {
        INFO("a source with " << limit << " descriptors");
        auto const source =
            start(XFS_PEER_PROGRAM,
                  limited(swarm.peer({host(), "0", share.string(), "--serve", "--json"}), limit));
        if (!source) {
            continue;
        }
        CHECK(events_of(source->out(), "ready").front().at("files") == small_files + 2);
        auto const ended = fetch(swarm, "sink", "files");
        INFO(ended.err);
        CHECK(ended.code == 0);
        CHECK(has_files(swarm.directory("sink"), "files"));
        CHECK(stop(*source) == 0);
    }
}

void try_sinks(Limits const& limits) {
    Swarm swarm;
    std::vector<std::pair<std::string, int>> const shares = {{"one", 1}, {"eight", 8}, {"all", 24}};
    std::vector<std::unique_ptr<Source>> sources;
    for (int i = 0; i < 24; ++i) {
        auto const name = "source" + std::to_string(i);
        for (auto const& [directory, count] : shares) {
            if (i < count) {
                write_files(swarm.directory(name), directory);
            }
        }
        sources.push_back(std::make_unique<Source>(swarm, name));
    }
    for (unsigned const limit : limits) {
        for (auto const& [directory, count] : shares) {
            INFO("a sink of " << count << " sources with " << limit << " descriptors");
            auto const ended = fetch(swarm, "sink", directory, limit);
            if (ended.code == 0) {
                CHECK(has_files(swarm.directory("sink"), directory));
            } else {
                check_refusal(ended.code, ended.err, limit);
            }
        }
    }
}

}  // namespace

TEST_CASE("A tracker with few descriptors works, or says so and ends") {
    try_trackers(some);
}

TEST_CASE("A source with few descriptors serves all its files, or says so and ends") {
    try_sources(some);
}

TEST_CASE("A sink with few descriptors fetches from any number of sources, or says so and ends") {
    try_sinks(some);
}

TEST_CASE("With any number of descriptors a tracker works, or says so and ends", "[.all]") {
    try_trackers(all());
}

TEST_CASE("With any number of descriptors a source serves, or says so and ends", "[.all]") {
    try_sources(all());
}

TEST_CASE("With any number of descriptors a sink fetches, or says so and ends", "[.all]") {
    try_sinks(all());
}
