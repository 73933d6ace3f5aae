#pragma once

#include "jobs.hpp"
#include "live_area.hpp"
#include "printer.hpp"

#include <xfsbus/peer/peer.hpp>
#include <xfsbus/program/clean_spawn.hpp>

#include <filesystem>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace xfsbus::console {

/// The commands of the shell, of -c and of a script. They use the public Peer like any other
/// program. run() is called on one thread; interrupt() on any.
class Commands {
  public:
    struct Options {
        bool show_progress = false;  ///< stderr is a terminal
        bool json = false;
        bool interactive = false;  ///< somebody types, and has a prompt to come back to
        std::vector<std::filesystem::path> plugin_directories;  ///< searched first
    };

    Commands(peer::Peer& peer, peer::EventQueue events, Printer const& printer, LiveArea& area,
             Options options);

    /// Runs one line; returns its exit code. An empty line, or a comment ('#'), does nothing.
    int run(std::string_view line);

    enum class Interrupted {
        command,  ///< the one that runs was cancelled
        prompt,   ///< none runs, but jobs do, which go on: there is to be a new prompt
        nothing,  ///< none runs, or it was cancelled before; none is run any more
    };

    /// What Ctrl-C does. Any thread.
    Interrupted interrupt();

    /// Tells what jobs have done meanwhile.
    void look_at_jobs() { jobs_.look(); }

    /// Can be read when there is something to look at.
    [[nodiscard]] int descriptor() const { return jobs_.descriptor(); }

    /// No more commands come: waits for the jobs that go on, or, after `exit`, cancels them. The
    /// first code that is not 0 of those that nobody has waited for.
    int end_jobs();
    /// Cancels them, and says so.
    void leave_jobs();

    /// After `exit`.
    [[nodiscard]] bool leaving() const { return leaving_; }

    struct Command {
        std::string_view name;
        std::string_view usage;  ///< its arguments
        std::string_view help;
        std::string_view options;  ///< a line for each; empty: it has none
        int (Commands::*run)(std::vector<std::string> const& arguments);
    };

    static std::span<Command const> table();
    static std::string help_text();
    static std::string help_text(Command const& command);

  private:
    int dispatch(std::vector<std::string> const& words);
    int update_list(std::vector<std::string> const& arguments);
    int get_load(std::vector<std::string> const& arguments);
    int find(std::vector<std::string> const& arguments);
    int download(std::vector<std::string> const& arguments);
    int push(std::vector<std::string> const& arguments);
    int jobs(std::vector<std::string> const& arguments);
    int wait(std::vector<std::string> const& arguments);
    int cancel(std::vector<std::string> const& arguments);
    int peers(std::vector<std::string> const& arguments);
    int files(std::vector<std::string> const& arguments);
    int list(std::vector<std::string> const& arguments);
    int watch(std::vector<std::string> const& arguments);
    int status(std::vector<std::string> const& arguments);
    int policy(std::vector<std::string> const& arguments);
    int help(std::vector<std::string> const& arguments);
    int exit(std::vector<std::string> const& arguments);

    int show_policies();
    void run_command(std::string const& command, peer::ListingChanged const& change);
    void run_command(std::string const& command, peer::PeerChanged const& change);
    void run_command(std::string const& command, program::Variables const& variables,
                     std::string const& whom);
    int fail(Error const& error) const;
    [[nodiscard]] int wrong_usage(std::string const& problem) const;
    Status wait_for_scan();
    int stopped_or(Error const& error);
    int begin(Started started);
    int to_stdout(peer::DownloadRequest const& request);
    Status write_all(peer::Reader const& reader) const;
    [[nodiscard]] int no_such_job(std::string const& number) const;

    peer::Peer& peer_;
    Printer const& printer_;
    Options options_;
    Jobs jobs_;
    std::string line_;     ///< that is run
    bool beside_ = false;  ///< it ends in &
    Command const* current_ = nullptr;
    bool leaving_ = false;

    std::mutex mutex_;
    std::optional<std::stop_source> running_;  // guarded by mutex_
    bool closed_ = false;                      // the same: no command is run any more
};

}  // namespace xfsbus::console
