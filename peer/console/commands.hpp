#pragma once

#include "live_area.hpp"
#include "printer.hpp"

#include <xfsbus/peer/peer.hpp>

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
        std::vector<std::filesystem::path> plugin_directories;  ///< searched first
    };

    Commands(peer::Peer& peer, Printer const& printer, LiveArea& area, Options options)
        : peer_(peer), printer_(printer), area_(area), options_(std::move(options)) {}

    /// Runs one line; returns its exit code. An empty line, or a comment ('#'), does nothing.
    int run(std::string_view line);

    /// Cancels the command that runs. If none does, returns false, and none is run any more.
    bool interrupt();

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
    int peers(std::vector<std::string> const& arguments);
    int files(std::vector<std::string> const& arguments);
    int status(std::vector<std::string> const& arguments);
    int policy(std::vector<std::string> const& arguments);
    int help(std::vector<std::string> const& arguments);
    int exit(std::vector<std::string> const& arguments);

    int show_policy(Result<peer::PolicyInfo> const& policy);
    int fail(Error const& error) const;
    [[nodiscard]] int wrong_usage(std::string const& problem) const;
    Status wait_for_scan();
    int stopped_or(Error const& error);
    int pushed(peer::PushResult const& result, peer::PushRequest const& request) const;
    void show(peer::DownloadProgress const& progress, Pace& pace);
    void stop_if_unheard();

    peer::Peer& peer_;
    Printer const& printer_;
    LiveArea& area_;
    Options options_;
    Command const* current_ = nullptr;
    bool leaving_ = false;

    std::mutex mutex_;
    std::optional<std::stop_source> running_;  // guarded by mutex_
    bool closed_ = false;                      // the same: no command is run any more
};

}  // namespace xfsbus::console
