#pragma once

#include "process.hpp"
#include "temp_dir.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <netinet/in.h>

namespace xfsbus::test {

using Json = nlohmann::json;
using Words = std::vector<std::string>;

/// The lines that are complete, each of which must be JSON.
std::vector<Json> events_of(std::string_view text);
/// Those of one kind.
std::vector<Json> events_of(std::string_view text, std::string_view kind);

/// A program that has run to its end.
struct Ended {
    int code = -1;
    std::string out;
    std::string err;

    [[nodiscard]] std::vector<Json> events(std::string_view kind) const {
        return events_of(out, kind);
    }

    /// The only one of its kind.
    [[nodiscard]] Json event(std::string_view kind) const;

    [[nodiscard]] bool says(std::string_view text) const {
        return err.find(text) != std::string::npos;
    }
};

/// A tracker, and a directory for all that its peers need.
class Swarm {
  public:
    enum class Tracker { up, down };
    explicit Swarm(Tracker tracker = Tracker::up);

    /// A directory below that of the test; made if it is not there.
    [[nodiscard]] std::filesystem::path directory(std::string const& name) const;

    [[nodiscard]] std::filesystem::path path() const { return temp_.path(); }

    /// tcp://HOST:PORT; the same in all its lives.
    [[nodiscard]] std::string const& endpoint() const { return endpoint_; }

    Process& tracker() { return *tracker_; }

    void start_tracker();
    void kill_tracker();

    /// How to start a peer of this swarm.
    [[nodiscard]] Process::Options peer(Words arguments) const;
    /// Runs a peer to its end.
    [[nodiscard]] Ended run(Words const& arguments) const;
    /// Runs a peer that shares this directory through these commands, with --json.
    [[nodiscard]] Ended in(std::string const& name, Words const& commands,
                           Words const& options = {}) const;
    /// Starts the same and goes on.
    [[nodiscard]] std::unique_ptr<Process> start(std::string const& name, Words const& commands,
                                                 Words const& options = {}) const;

  private:
    [[nodiscard]] Words arguments(std::string const& name, Words const& commands,
                                  Words options) const;

    TempDir temp_;
    std::string endpoint_;
    std::unique_ptr<Process> tracker_;
};

/// Runs a program to its end.
Ended run_to_end(std::string const& program, Process::Options options);

/// An address of this machine that no other test's programs use: while a program is down nobody
/// else is given its port, neither to listen at nor for the near end of a connection.
std::string const& host();
/// HOST:PORT, as a peer is told and reported.
std::string at(std::uint16_t port);
/// HOST PORT, as commands take and print it.
std::string apart(std::uint16_t port);
sockaddr_in address_at(std::uint16_t port);

/// A peer that serves a directory until it is told to stop.
struct Source {
    Source(Swarm const& swarm, std::string const& name, Words const& options = {},
           std::uint16_t wanted_port = 0);

    std::filesystem::path directory;
    Process process;
    std::uint16_t port = 0;
};

/// A peer that takes commands on its standard input.
class Shell {
  public:
    Shell(Swarm const& swarm, std::string const& name, Words const& options = {});

    /// Runs the command; what it answered.
    std::vector<Json> ask(std::string const& command);
    /// Its only answer.
    Json ask_one(std::string const& command);

    /// The same in two steps: goes on while the command runs, then waits for its end.
    void begin(std::string const& command);
    std::vector<Json> finish();
    /// The report of a download that was begun.
    Json finish_download();

    std::filesystem::path const& directory() const { return directory_; }

    Process& process() { return process_; }

    [[nodiscard]] std::uint16_t port() const { return port_; }

  private:
    std::filesystem::path directory_;
    Process process_;
    std::uint16_t port_ = 0;
    std::string command_;       // the last
    std::size_t answers_ = 0;   // of all commands so far
    std::size_t statuses_ = 0;  // among them
};

/// How far the download has come that runs with --json.
std::uint64_t bytes_done(Process const& download);

/// Waits until a download that runs with --json has so much, and throws if it is over then.
void wait_for_progress(Process& download, std::uint64_t bytes = 1);

/// What a download had from one source, as its report says.
std::uint64_t bytes_from(Json const& downloaded, std::uint16_t port);

// ---- files ----

constexpr std::uint64_t mib = 1024 * 1024;

/// Bytes that look random; equal for equal seeds.
std::string noise(std::uint64_t size, unsigned seed = 1);
void write_file(std::filesystem::path const& path, std::string_view bytes);
std::string read_file(std::filesystem::path const& path);
/// For CHECK: does not print megabytes.
bool holds(std::filesystem::path const& path, std::string_view bytes);

/// A TCP port of host() at which nobody listens.
class SilentPort {
  public:
    SilentPort();
    ~SilentPort();
    SilentPort(SilentPort const&) = delete;
    SilentPort& operator=(SilentPort const&) = delete;

    [[nodiscard]] std::string endpoint() const { return "tcp://" + at(port_); }

    [[nodiscard]] std::uint16_t port() const { return port_; }

  private:
    int socket_;
    std::uint16_t port_ = 0;
};

}  // namespace xfsbus::test
