#include "answers.hpp"
#include "cleanup.hpp"
#include "commands.hpp"
#include "completion.hpp"
#include "explain.hpp"
#include "line_editor.hpp"
#include "piped_lines.hpp"
#include "plugin_report.hpp"
#include "printer.hpp"
#include "reload.hpp"
#include "settings.hpp"

#include <xfsbus/bus/reactor.hpp>
#include <xfsbus/door/door.hpp>
#include <xfsbus/peer/crashes.hpp>
#include <xfsbus/peer/peer.hpp>
#include <xfsbus/program/reloader.hpp>
#include <xfsbus/program/run.hpp>
#include <xfsbus/program/service.hpp>
#include <xfsbus/program/signals.hpp>
#include <xfsbus/program/terminal.hpp>

#include <atomic>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <mutex>
#include <stop_token>

#include <malloc.h>
#include <unistd.h>

namespace {

using namespace xfsbus;
using namespace xfsbus::console;

/// How often a wait for the tracker says that it is still one.
constexpr auto first_word = std::chrono::seconds(1);
constexpr auto next_word = std::chrono::seconds(30);

/// Chunks of a megabyte come and go all the time: keep their memory rather than fault in fresh
/// pages for each, and keep it in few arenas, so that it is found again.
void tune_memory() {
    constexpr int keep_bytes = 32 * 1024 * 1024;
    // NOLINTBEGIN(concurrency-mt-unsafe): there is no other thread yet
    ::mallopt(M_MMAP_THRESHOLD, keep_bytes);
    ::mallopt(M_TRIM_THRESHOLD, keep_bytes);
    ::mallopt(M_ARENA_MAX, 2);
    // NOLINTEND(concurrency-mt-unsafe)
}

/// The shell around the commands: where they come from, and how it ends.
class Program {
  public:
    Program(Settings const& settings, peer::Peer& peer, peer::EventQueue events, LiveArea& area)
        : settings_(settings),
          peer_(peer),
          printer_({settings.json, ::isatty(STDOUT_FILENO) == 1}, std::cout, std::cerr),
          commands_(peer, std::move(events), printer_, area,
                    {::isatty(STDERR_FILENO) == 1 && !settings.json, settings.json, is_typed(),
                     settings.peer.plugin_directories}),
          reload_(peer, settings),
          reloader_([this](std::stop_token const& stop) { reload_.run(stop); }),
          signals_([this](int signal, int /*count*/) { on_signal(signal); }) {}

    int run() {
        int const code = run_to_end();
        reloader_.stop();
        return code;
    }

  private:
    int run_to_end() {
        if (auto const code = wait_for_tracker()) {
            return *code;
        }
        int code = 0;
        if (!settings_.commands.empty()) {
            code = run_given();
        } else if (!settings_.serve) {
            code = is_typed() ? run_typed() : run_piped();
        }
        if (settings_.serve && !stop_.stop_requested() && printer_.good()) {
            int const served = serve();
            return code != 0 ? code : served;
        }
        return signal_ != 0 && !settings_.serve ? 128 + signal_ : code;
    }

    void on_signal(int signal) {
        if (signal == SIGHUP && settings_.serve && !terminal_.is_gone()) {
            return reloader_.ask();
        }
        if (++signals_taken_ > 2 && stop_.stop_requested()) {
            std::_Exit(128 + signal);
        }
        // Known before the command that is cancelled can be over.
        interrupted_ = true;
        if (signal != SIGINT) {
            signal_ = signal;
        }
        auto const interrupted = commands_.interrupt();
        if (signal == SIGINT && interrupted == Commands::Interrupted::command) {
            return;  // the command ends; once more leaves
        }
        if (signal == SIGINT && interrupted == Commands::Interrupted::prompt) {
            return waker_.nudge();
        }
        signal_ = signal;
        program::notify_service("STOPPING=1");
        stop_.request_stop();
        waker_.wake();
    }

    /// The exit code, if there is no point in going on.
    std::optional<int> wait_for_tracker() {
        using std::chrono::milliseconds;
        auto const begin = std::chrono::steady_clock::now();
        milliseconds word = first_word;
        while (true) {
            auto const waited =
                std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begin);
            auto const& most = settings_.tracker_timeout;
            auto const patience = most ? std::min(word, *most - waited) : word;
            auto const known =
                peer_.wait_for_tracker({std::max(patience, milliseconds(0)), stop_.get_token()});
            if (known) {
                return std::nullopt;
            }
            if (stop_.stop_requested()) {
                return settings_.serve ? 0 : 128 + signal_;
            }
            bool const refused = known.error().code == Errc::not_authorised;
            auto const what = (refused ? "not registered with the tracker at " : "no tracker at ") +
                              settings_.peer.tracker + ": " + known.error().message;
            if (most && std::chrono::steady_clock::now() - begin >= *most) {
                return program::complain("xfs-peer", {Errc::tracker_unreachable, what});
            }
            tell_missing(what, known.error().message);
            word = next_word;
        }
    }

    void tell_missing(std::string const& what, std::string const& why) const {
        if (settings_.serve) {
            settings_.peer.log({LogLevel::warning,
                                "tracker-missing",
                                what + " (waiting for it)",
                                {{"tracker", settings_.peer.tracker}, {"why", why}}});
        } else {
            std::cerr << "xfs-peer: " << what << " (waiting for it)" << std::endl;
        }
    }

    void tell_ready(bool to_out) {
        if (auto const status = peer_.status(stop_.get_token())) {
            print_ready(printer_, *status, to_out);
        }
    }

    int run_given() {
        int first_failure = 0;
        for (auto const& command : settings_.commands) {
            int const code = commands_.run(command);
            first_failure = first_failure == 0 ? code : first_failure;
            if (over()) {
                break;
            }
        }
        return script_code(first_failure);
    }

    /// Somebody types at a prompt.
    [[nodiscard]] bool is_typed() const {
        return settings_.commands.empty() && !settings_.serve && ::isatty(STDIN_FILENO) == 1;
    }

    int run_piped() {
        if (settings_.json) {
            tell_ready(true);
        }
        PipedLines lines(waker_);
        waker_.meanwhile(commands_.descriptor(), [this] { commands_.look_at_jobs(); });
        int first_failure = 0;
        while (!over()) {
            auto const line = lines.next();
            if (!line) {
                break;
            }
            int const code = commands_.run(*line);
            first_failure = first_failure == 0 ? code : first_failure;
        }
        return script_code(first_failure);
    }

    /// No command of a script is run any more.
    [[nodiscard]] bool over() const {
        return interrupted_ || commands_.leaving() || !printer_.good();
    }

    /// A Ctrl-C that came too late for the command that ran has ended the script all the same.
    int script_code(int first_failure) {
        int const of_jobs = interrupted_ ? 0 : commands_.end_jobs();
        first_failure = first_failure == 0 ? of_jobs : first_failure;
        return first_failure == 0 && interrupted_ ? 128 + SIGINT : first_failure;
    }

    int run_typed() {
        if (settings_.json || !settings_.peer.directory.empty()) {
            tell_ready(false);
        }
        std::cerr << "'help' lists the commands, 'exit' leaves." << std::endl;
        LineEditor editor({"xfs> ", history_file(),
                           [this](auto before, auto word) { return complete(before, word); }},
                          waker_);
        while (!commands_.leaving() && printer_.good()) {
            commands_.look_at_jobs();
            auto const line = editor.next();
            if (!line) {
                break;
            }
            commands_.run(*line);
        }
        commands_.leave_jobs();
        return 0;
    }

    int serve() {
        auto const stop = stop_.get_token();
        std::unique_ptr<door::Door> door;
        if (auto const shared = peer_.wait_until_shared(stop); shared) {
            if (auto const opened = open_door(door); !opened) {
                return program::complain("xfs-peer", opened.error());
            }
            tell_ready(true);
            program::notify_service("READY=1");
        }
        if (!printer_.good()) {
            return 0;  // whoever waits for the line would wait for ever
        }
        std::mutex mutex;
        std::unique_lock lock(mutex);
        std::condition_variable_any never;
        never.wait(lock, stop, [] { return false; });
        return 0;
    }

    /// What is shared is known by now.
    Status open_door(std::unique_ptr<door::Door>& door) {
        if (!settings_.door) {
            return done();
        }
        auto options = *settings_.door;
        options.log = settings_.peer.log;
        auto opened = door::Door::open(peer_, std::move(options));
        if (!opened) {
            return opened.error();
        }
        door = std::move(*opened);
        return done();
    }

    static std::filesystem::path history_file() {
        char const* const state = std::getenv("XDG_STATE_HOME");
        char const* const home = std::getenv("HOME");
        std::filesystem::path base;
        if (state != nullptr && *state == '/') {
            base = state;
        } else if (home != nullptr && *home == '/') {
            base = std::filesystem::path(home) / ".local" / "state";
        } else {
            return {};
        }
        std::error_code error;
        std::filesystem::create_directories(base / "xfs", error);
        return error ? std::filesystem::path() : base / "xfs" / "history";
    }

    std::vector<std::string> complete(std::string_view before, std::string_view word) {
        return completions(before, word, [this](std::string const& prefix) {
            auto const found = peer_.find(prefix + "**");
            std::vector<std::string> names;
            for (auto const& source : found ? *found : std::vector<peer::FoundSource>{}) {
                names.push_back(source.name);
            }
            return names;
        });
    }

    Settings const& settings_;
    peer::Peer& peer_;
    Printer printer_;
    Commands commands_;
    Waker waker_;
    std::stop_source stop_;
    std::atomic<int> signal_ = 0;
    std::atomic<bool> interrupted_ = false;
    int signals_taken_ = 0;  ///< that tell it to leave
    program::Terminal terminal_;
    Reload reload_;  ///< on the thread of the reloader
    program::Reloader reloader_;
    program::SignalWatch signals_;  // last: it uses the others
};

int run(int argc, char** argv) {
    Settings settings;
    if (auto const code = read_settings(argc, argv, settings)) {
        return *code;
    }
    if (settings.cleanup) {
        return clean_up(*settings.cleanup, std::cout, std::cerr);
    }
    if (settings.explain) {
        return explain(*settings.explain, std::cout, std::cerr);
    }
    if (settings.plugins != Settings::Plugins::none) {
        return report_plugins(settings);
    }
    if (settings.serve) {
        std::signal(SIGHUP, SIG_DFL);  // a word to look again, also where nohup has it ignored
    }
    peer::tell_crashes("xfs-peer");
    program::hold_signals();
    tune_memory();
    bus::raise_file_limit();
    program::Log const log(settings.log);
    LiveArea area;
    settings.peer.log_level = settings.log.level;
    settings.peer.log = [&](LogEvent const& event) {
        if (log.enabled(event.level)) {
            area.write_above([&] { log.write(event); });
        }
    };
    // The terminal is put right, and what was begun is left, as by a signal from outside.
    settings.peer.on_failed = [](Error const&) { ::kill(::getpid(), SIGTERM); };
    auto peer = peer::Peer::start(settings.peer);
    if (!peer) {
        return program::complain("xfs-peer", peer.error());
    }
    auto events = (*peer)->lasting_events();
    if (!events) {
        return program::complain("xfs-peer", events.error());
    }
    Program program(settings, **peer, std::move(*events), area);
    int const code = program.run();
    peer->reset();  // while the program still hears a third Ctrl-C
    return code;
}

}  // namespace

int main(int argc, char** argv) {
    return program::run("xfs-peer", [&] { return run(argc, argv); });
}
