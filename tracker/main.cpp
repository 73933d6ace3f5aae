#include "handout_plugin.hpp"
#include "handout_trace.hpp"

#include <xfsbus/bus/reactor.hpp>
#include <xfsbus/policies/host/crash_word.hpp>
#include <xfsbus/program/command_line.hpp>
#include <xfsbus/program/durations.hpp>
#include <xfsbus/program/logging.hpp>
#include <xfsbus/program/reloader.hpp>
#include <xfsbus/program/run.hpp>
#include <xfsbus/program/service.hpp>
#include <xfsbus/program/signals.hpp>
#include <xfsbus/program/sizes.hpp>
#include <xfsbus/program/terminal.hpp>
#include <xfsbus/program/version.hpp>
#include <xfsbus/tracker/tracker.hpp>
#include <xfsbus/wire/endpoint.hpp>

#include <CLI/CLI.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iostream>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <malloc.h>

namespace {

using namespace xfsbus;

constexpr char const* name = "xfs-tracker";
constexpr std::chrono::milliseconds shortest_ttl{200};
constexpr std::uint64_t least_memory = 1024 * 1024;
constexpr std::uint64_t least_trace = 1024 * 1024;

constexpr char const* description = R"(Knows which peers are up and who has which file.

Examples:
  xfs-tracker                               listen on this machine alone, port 7470
  xfs-tracker --bind tcp://0.0.0.0:7470     listen on every interface
  xfs-tracker --peer-ttl 10s --json-log     slower to give peers up; log as JSON lines
  xfs-tracker --handout libsamerack.so      name sources of the asker's rack first
)";

/// What was asked for on the command line, as it was typed.
struct Arguments {
    std::string bind = "tcp://127.0.0.1:7470";
    std::string peer_ttl = "3s";
    std::string memory = "4G";
    bool foreign_hosts = false;
    std::string handout;
    std::vector<std::string> plugin_dirs;
    bool strict_policy = false;
    bool check = false;
    std::string trace;
    std::string trace_size = "64M";
    std::string log_level = "info";
    bool quiet = false;
    bool verbose = false;
    bool json_log = false;
    std::string config;
};

struct Settings {
    tracker::Tracker::Options tracker;
    program::LogOptions log;
    std::string handout;
    std::vector<std::filesystem::path> plugin_directories;
    bool strict_policy = false;
    bool check = false;           ///< no more than that the settings are good
    std::filesystem::path trace;  ///< empty: none
    std::uint64_t trace_bytes = 0;
    /// SIGHUP has something to read again.
    bool reloads = false;
    program::Words words;  ///< they were read from these
};

int complain(Error const& error) {
    return program::complain(name, error);
}

void add_options(CLI::App& app, Arguments& arguments) {
    app.add_option("--bind", arguments.bind, "Address to listen on; port 0 takes a free one")
        ->capture_default_str();
    app.add_option("--peer-ttl", arguments.peer_ttl,
                   "A peer not heard of for so long is dropped; at least 200ms")
        ->capture_default_str();
    app.add_option("--memory", arguments.memory,
                   "For peers and their files, half of it for those of one host; at least 1M")
        ->capture_default_str();
    app.add_flag("--allow-foreign-hosts", arguments.foreign_hosts,
                 "Peers may listen at other addresses than they connect from");
    app.add_option("--handout", arguments.handout,
                   "Plug-in that chooses which sources are named, FILE[:key=value,...] (default: "
                   "the built-in rule, half of them complete); SIGHUP loads it again");
    app.add_option("--plugin-dir", arguments.plugin_dirs,
                   "Directory searched for plug-ins first; repeatable (also: XFS_PLUGIN_PATH)")
        ->expected(1)
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    app.add_flag("--strict-policy", arguments.strict_policy,
                 "A find for which the handout fails is answered with an error, instead of by the "
                 "built-in rule");
    app.add_flag("--check", arguments.check,
                 "Try whether the options are good, the handout with random questions, and exit");
    app.add_option("--trace", arguments.trace,
                   "Write which sources each answer names, and why, to this file");
    app.add_option("--trace-size", arguments.trace_size,
                   "Of that file, and of the one before it, which is kept as FILE.1; at least 1M")
        ->capture_default_str();
    auto* level =
        app.add_option("--log-level", arguments.log_level, "debug, info, warning, error or off")
            ->capture_default_str();
    auto* quiet = app.add_flag("-q,--quiet", arguments.quiet, "Log warnings and errors only");
    auto* verbose = app.add_flag("-v,--verbose", arguments.verbose, "Log everything");
    quiet->excludes(verbose)->excludes(level);
    verbose->excludes(level);
    app.add_flag("--json-log", arguments.json_log, "Log one JSON object a line");
    app.add_option(
        "--config", arguments.config,
        "Read options from this file: lines option=value, the value to the end of the line");
    app.set_version_flag("--version", program::version_line(name, bus::zmq_version()));
}

Result<program::LogOptions> log_options(Arguments const& arguments) {
    auto const level = program::parse_log_level(arguments.log_level);
    if (!level) {
        return Error{Errc::usage, "--log-level: '" + arguments.log_level +
                                      "' is none of debug, info, warning, error, off"};
    }
    program::LogOptions options{name, *level, arguments.json_log};
    if (arguments.quiet) {
        options.level = LogLevel::warning;
    } else if (arguments.verbose) {
        options.level = LogLevel::debug;
    }
    return options;
}

Result<Settings> read_settings(Arguments const& arguments) {
    auto const bind = wire::parse_endpoint(arguments.bind);
    if (!bind) {
        return Error{Errc::usage, "--bind: '" + arguments.bind +
                                      "' is no address: write for example tcp://127.0.0.1:7470"};
    }
    auto const ttl = program::parse_duration(arguments.peer_ttl);
    if (!ttl) {
        return Error{Errc::usage, "--peer-ttl: " + ttl.error().message};
    }
    if (*ttl < shortest_ttl) {
        return Error{Errc::usage, "--peer-ttl: at least 200ms, or peers that are up are lost"};
    }
    auto const memory = program::parse_size(arguments.memory);
    if (!memory) {
        return Error{Errc::usage, "--memory: " + memory.error().message};
    }
    if (*memory < least_memory) {
        return Error{Errc::usage, "--memory: at least 1M, or there is no room for anything"};
    }
    auto const trace_size = program::parse_size(arguments.trace_size);
    if (!trace_size) {
        return Error{Errc::usage, "--trace-size: " + trace_size.error().message};
    }
    if (*trace_size < least_trace) {
        return Error{Errc::usage, "--trace-size: at least 1M"};
    }
    auto log = log_options(arguments);
    if (!log) {
        return log.error();
    }
    Settings settings;
    settings.tracker.bind = *bind;
    settings.tracker.peer_ttl = *ttl;
    settings.tracker.limits.bytes = *memory;
    settings.tracker.limits.bytes_per_host = *memory / 2;
    settings.tracker.foreign_hosts = arguments.foreign_hosts;
    settings.log = std::move(log).value();
    settings.handout = arguments.handout;
    settings.plugin_directories = {arguments.plugin_dirs.begin(), arguments.plugin_dirs.end()};
    settings.strict_policy = arguments.strict_policy;
    settings.check = arguments.check;
    settings.trace = arguments.trace;
    settings.trace_bytes = *trace_size;
    settings.reloads = !arguments.handout.empty() || !arguments.config.empty();
    return settings;
}

/// One reading of a command line.
struct CommandLine {
    explicit CommandLine(program::Environment) { add_options(app, arguments); }

    [[nodiscard]] Status check() const {
        auto const settings = read_settings(arguments);
        return settings ? done() : Status(settings.error());
    }

    Arguments arguments;
    std::string& config = arguments.config;
    CLI::App app{description, name};
};

/// What strangers make come and go is given back to the system: large messages at once, and the
/// rest is kept in few arenas, so that it is found again.
void tune_memory() {
    constexpr int large_bytes = 128 * 1024;
    // NOLINTBEGIN(concurrency-mt-unsafe): there is no other thread yet
    ::mallopt(M_MMAP_THRESHOLD, large_bytes);
    ::mallopt(M_ARENA_MAX, 2);
    // NOLINTEND(concurrency-mt-unsafe)
}

/// The exit code instead, if that was all there is to do.
Result<std::optional<int>> parse_settings(program::Words const& words, Settings& settings) {
    std::optional<CommandLine> line;
    auto parsed = program::parse_command_line(words, line);
    if (!parsed || *parsed) {
        return parsed;
    }
    auto read = read_settings(line->arguments);
    if (!read) {
        return read.error();
    }
    settings = std::move(read).value();
    settings.words = words;
    return std::optional<int>();
}

/// Reads the configuration again, and takes the handout that it names now: its file may be another
/// one. What is wrong is logged, and changes nothing; what would crash or hang does so to another
/// process first.
void reload(Settings const& settings, tracker::HandoutPlugin const& plugin,
            std::shared_ptr<tracker::HandoutTrace> const& trace, tracker::Tracker& tracker,
            std::stop_token const& stop) {
    auto const stays = [&](Error const& error) {
        settings.tracker.log({LogLevel::error,
                              "handout-refused",
                              "the handout stays as it was: " + error.message,
                              {{"why", error.message}}});
    };
    Settings now;
    if (auto const read = parse_settings(settings.words, now); !read) {
        return stays(read.error());
    }
    auto const tried = now.handout.empty() ? done() : plugin.try_apart(now.handout, stop);
    if (!tried) {
        return stop.stop_requested() ? void() : stays(tried.error());
    }
    auto const handout = plugin.load(now.handout);
    if (!handout) {
        return stays(handout.error());
    }
    if (handout->policy == nullptr) {
        settings.tracker.log({LogLevel::info, {}, "the built-in rule chooses, without a plug-in"});
    }
    tracker.set_handout(handout->policy, [trace, handout = *handout] {
        if (trace) {
            trace->on_loaded(handout);
        }
    });
}

/// Null if none is wanted.
Result<std::shared_ptr<tracker::HandoutTrace>> open_trace(Settings const& settings) {
    if (settings.trace.empty()) {
        return std::shared_ptr<tracker::HandoutTrace>();
    }
    return tracker::HandoutTrace::create(
        {.path = settings.trace,
         .bytes_most = settings.trace_bytes,
         .log = settings.tracker.log,
         .now_us = [] {
             auto const now = std::chrono::steady_clock::now().time_since_epoch();
             return static_cast<std::uint64_t>(
                 std::chrono::duration_cast<std::chrono::microseconds>(now).count());
         }});
}

/// Takes the signals while the tracker runs; on a thread of its own.
class Signals {
  public:
    Signals(bool reloads, program::Reloader::Reload reload, std::function<void()> stop)
        : reloads_(reloads),
          reloader_(std::move(reload)),
          stop_(std::move(stop)),
          watch_([this](int signal, int /*count*/) { on_signal(signal); }) {}

  private:
    void on_signal(int signal) {
        if (signal == SIGHUP && reloads_ && !terminal_.is_gone()) {
            return reloader_.ask();
        }
        if (stopping_) {
            std::_Exit(128 + signal);  // asked twice: at once
        }
        stopping_ = true;
        program::notify_service("STOPPING=1");
        stop_();
    }

    bool reloads_;
    program::Reloader reloader_;
    std::function<void()> stop_;
    program::Terminal terminal_;
    bool stopping_ = false;
    program::SignalWatch watch_;  // last: it uses the others
};

int check(tracker::HandoutPlugin const& plugin, std::string const& handout) {
    if (auto const tried = plugin.try_out(handout); !tried) {
        return complain(tried.error());
    }
    std::cout << name << ": these options are good" << std::endl;
    return 0;
}

int run(Settings settings) {
    if (settings.reloads) {
        std::signal(SIGHUP, SIG_DFL);  // a word to look again, also where nohup has it ignored
    }
    policies::tell_crashes(name);
    tune_memory();
    program::Log const log(settings.log);
    settings.tracker.log = [&log](LogEvent const& event) { log.write(event); };
    program::hold_signals();
    auto const files = bus::raise_file_limit();
    log.debug("may open " + std::to_string(files) + " files and connections");

    tracker::HandoutPlugin const plugin(settings.plugin_directories, settings.strict_policy,
                                        settings.tracker.log);
    if (settings.check) {
        return check(plugin, settings.handout);
    }
    auto const handout = plugin.load(settings.handout);
    if (!handout) {
        return complain(handout.error());
    }
    auto const trace = open_trace(settings);
    if (!trace) {
        return complain(trace.error());
    }
    if (*trace) {
        (*trace)->on_loaded(*handout);
    }
    auto options = settings.tracker;  // ends before the log, to which the trace's thread has words
    options.handout = handout->policy;
    options.recorder = *trace;
    auto started = tracker::Tracker::start(options);
    if (!started) {
        return complain(started.error());
    }
    auto& tracker = **started;
    Signals const signals(
        settings.reloads,
        [&](std::stop_token const& stop) { reload(settings, plugin, *trace, tracker, stop); },
        [&] {
            log.write({LogLevel::info, "stopping", "stopping"});
            tracker.stop();
        });
    auto const address = tracker.endpoint().to_zmq();
    log.write({LogLevel::info, "ready", "listening on " + address, {{"address", address}}});
    program::notify_service("READY=1");
    std::cout << name << ": ready on " << address << std::endl;
    if (std::cout) {  // else whoever waits for the line would wait for ever
        tracker.run();
    }
    return 0;
}

int run(int argc, char** argv) {
    Settings settings;
    auto const parsed = parse_settings({argv + 1, argv + argc}, settings);
    if (!parsed || *parsed) {
        return parsed ? **parsed : complain(parsed.error());
    }
    return run(std::move(settings));
}

}  // namespace

int main(int argc, char** argv) {
    return program::run(name, [&] { return run(argc, argv); });
}
