#include "settings.hpp"

#include "cache_file.hpp"
#include "commands.hpp"
#include "door_words.hpp"
#include "sizes.hpp"

#include <xfsbus/bus/reactor.hpp>
#include <xfsbus/program/command_line.hpp>
#include <xfsbus/program/durations.hpp>
#include <xfsbus/program/run.hpp>
#include <xfsbus/program/version.hpp>
#include <xfsbus/wire/endpoint.hpp>
#include <xfsbus/wire/ids.hpp>
#include <xfsbus/wire/manifest.hpp>
#include <xfsbus/wire/name.hpp>

#include <CLI/CLI.hpp>

#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include <unistd.h>

namespace xfsbus::console {
namespace {

namespace fs = std::filesystem;

constexpr char const* name = "xfs-peer";

constexpr char const* description =
    R"(Shares a directory, finds files, and fetches them from other peers.

Examples:
  xfs-peer 192.168.1.5 7471 ~/data               share ~/data, with a command line
  xfs-peer 192.168.1.5 7471 ~/data --serve       share it until SIGTERM
  xfs-peer -c 'find model.bin'                   ask, and leave
  xfs-peer -c 'download model.bin'               fetch it into the current directory
  xfs-peer --policy libqueuetime.so 192.168.1.5 0 ~/data -c 'download model.bin'
  xfs-peer -c 'push model.bin --to all'          have all fetch it that --accept-push
  xfs-peer plugins                               which plug-ins there are
  xfs-peer plugins new mine                      begin one of your own, in ./mine
  xfs-peer cleanup ~/data                        what unfinished downloads have left there
  xfs-peer explain model.bin --trace FILE        why a download went as it did
)";

/// The command line as it was typed.
struct Arguments {
    std::vector<std::string> positionals;
    std::string bind;
    std::uint16_t data_port = 0;
    std::string dir;
    std::string tracker = "tcp://127.0.0.1:7470";
    std::string tracker_timeout;
    std::string policy = "libloadlatency.so";
    std::string chunk_order = "librarest.so";
    std::string integrity = "libsha256.so";
    std::string upload_policy;
    std::vector<std::string> accept_hashes;
    std::vector<std::string> plugin_dirs;
    std::string trace;
    std::string latency_file;
    std::size_t sources = 24;
    std::string upload_limit = "0";
    std::string download_limit = "0";
    std::string transfer_upload_limit = "0";
    std::string transfer_download_limit = "0";
    std::string labels;
    std::uint64_t seed = 0;
    bool strict_policy = false;
    std::vector<std::string> commands;
    bool serve = false;
    std::string durability = "power";
    bool keep_mode = false;
    std::string accept_push;
    bool no_heartbeat = false;
    bool no_watch = false;
    std::string rescan;
    bool no_cache = false;
    std::vector<std::string> ignore;
    bool no_default_ignores = false;
    bool json = false;
    bool no_color = false;
    bool quiet = false;
    int verbose = 0;
    std::string log_level;
    bool json_log = false;
    std::string config;
    std::string plugin_file;
    PluginProject plugin_project;
    std::optional<std::string> cleanup_dir;
    std::string cleanup_older = "0";
    bool cleanup_remove = false;
    std::string explain_name;
    DoorWords door;
};

void add_sharing_options(CLI::App& app, Arguments& arguments, program::Environment environment) {
    auto const add_positional = [&](char const* word, char const* help) {
        auto const take = [&arguments](std::string const& text) {
            arguments.positionals.push_back(text);
        };
        app.add_option_function<std::string>(word, take, help)->option_text(" ");
    };
    add_positional("IP", "Address to listen on, which others must be able to reach");
    add_positional("PORT", "Port to listen on; 0 takes a free one");
    add_positional("DIRECTORY", "Directory to share and to download to");
    app.add_option("--bind", arguments.bind,
                   "IP:PORT to listen on, which others must be able to reach; port 0 takes a free "
                   "one (default: the address that this machine reaches the tracker from)");
    app.add_option("--data-port", arguments.data_port,
                   "Port that sources send file data to; 0 takes a free one")
        ->capture_default_str();
    app.add_option("-d,--dir", arguments.dir,
                   "Directory to share and to download to; without one nothing is shared and "
                   "downloads go to the current directory");
    auto* const tracker = app.add_option("--tracker", arguments.tracker, "Where the tracker is")
                              ->capture_default_str();
    if (environment == program::Environment::heeded) {
        tracker->envname("XFS_TRACKER");
    }
    app.add_option("--tracker-timeout", arguments.tracker_timeout,
                   "Give up after so many seconds without a tracker (default: wait)");
    app.add_option("--labels", arguments.labels, "key=value,... that others and policies may see");
    app.add_option("--durability", arguments.durability,
                   "What a downloaded file survives before it is reported: the end of the program "
                   "(process), or a power cut (power)")
        ->check(CLI::IsMember({"process", "power"}))
        ->capture_default_str();
    app.add_flag("--keep-mode", arguments.keep_mode,
                 "Make downloaded files executable that are so at their source");
    app.add_flag("--accept-push", arguments.accept_push,
                 "Fetch what other peers push, into the directory; --accept-push=replace: also "
                 "over older versions");
    app.add_flag("--no-heartbeat", arguments.no_heartbeat,
                 "Be silent until there is something to say");
    app.add_flag("--no-watch", arguments.no_watch, "Notice changes only at updatelist");
    app.add_option("--rescan", arguments.rescan,
                   "Scan the directory every so often, too, for changes that nothing tells of; 0: "
                   "never (default: 10m, 30s on network file systems)");
    app.add_option("--ignore", arguments.ignore,
                   "Do not share names that match this pattern, nor what is below them; repeatable "
                   "(also: lines of .xfsignore in the directory)")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    app.add_flag("--no-default-ignores", arguments.no_default_ignores,
                 "Share .git, *~, *.swp, .DS_Store, lost+found and the like, too");
    app.add_flag("--no-cache", arguments.no_cache, "Hash everything again at start");
}

/// A script's variable that is not set is a mistake, and no choice of what is built in.
std::string names_plugin(std::string const& value) {
    return value.empty() ? "names no plug-in" : "";
}

void add_transfer_options(CLI::App& app, Arguments& arguments) {
    app.add_option("--policy", arguments.policy, "Peer-selection plug-in, FILE[:key=value,...]")
        ->check(names_plugin)
        ->capture_default_str();
    app.add_option("--chunk-order", arguments.chunk_order,
                   "Chunk-order plug-in, FILE[:key=value,...]: which chunk is asked for next")
        ->check(names_plugin)
        ->capture_default_str();
    app.add_option("--upload-policy", arguments.upload_policy,
                   "Plug-in that decides which peer is sent a chunk next, FILE[:key=value,...] "
                   "(default: the built-in rule, fair by bytes)");
    app.add_option("--integrity", arguments.integrity, "Hash plug-in for what is published")
        ->check(names_plugin)
        ->capture_default_str();
    app.add_option("--accept-hash", arguments.accept_hashes,
                   "Fetch what is hashed with this plug-in, too; repeatable (always: sha256, "
                   "sha512-256, blake2b, blake3)")
        ->expected(1)
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    app.add_option("--plugin-dir", arguments.plugin_dirs,
                   "Directory searched for plug-ins first; repeatable (also: XFS_PLUGIN_PATH)")
        ->expected(1)
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    app.add_flag("--strict-policy", arguments.strict_policy,
                 "A policy that fails ends the download, instead of being made good");
    app.add_option("--seed", arguments.seed, "Seed of policies' random numbers (default: random)");
    app.add_option(
        "--trace", arguments.trace,
        "Write what the policy is shown and answers to this file, one JSON object a line");
    app.add_option("--latency-file", arguments.latency_file,
                   "Lines 'A:PORT B:PORT MILLISECONDS': rule instead of measured latencies, and "
                   "are applied as delay");
    app.add_option("-s,--sources", arguments.sources, "Most sources used at once for one file")
        ->check(CLI::Range(1, 256))
        ->capture_default_str();
    auto const add_limit = [&](char const* option, std::string& rate, char const* help) {
        app.add_option(option, rate, help)->capture_default_str();
    };
    add_limit("--max-upload-limit", arguments.upload_limit,
              "Bytes per second of all transfers together, K M G allowed; 0: no limit");
    add_limit("--max-download-limit", arguments.download_limit, "The same");
    add_limit("--max-transfer-upload-limit", arguments.transfer_upload_limit,
              "The same, of one file to one peer");
    add_limit("--max-transfer-download-limit", arguments.transfer_download_limit,
              "The same, of one file from all its sources");
}

void add_program_options(CLI::App& app, Arguments& arguments) {
    app.add_option("-c,--command", arguments.commands,
                   "Run this command, then exit with the first failing one's code; repeatable")
        ->expected(1)
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    app.add_flag("--serve", arguments.serve,
                 "No shell: share until SIGTERM; SIGHUP scans, reloads");
    add_door_options(app, arguments.door);
    app.add_flag("--json", arguments.json, "One JSON object a line on stdout");
    app.add_flag("-q,--quiet", arguments.quiet, "Log errors only");
    app.add_flag("-v,--verbose", arguments.verbose, "Log more; twice: everything");
    app.add_option("--log-level", arguments.log_level,
                   "debug, info, warning, error or off (default: warning; with --serve: info)");
    app.add_flag("--json-log", arguments.json_log, "Log one JSON object a line, on stderr");
    app.add_flag("--no-color", arguments.no_color, "No colours (also: NO_COLOR, not empty)");
    app.add_option(
        "--config", arguments.config,
        "Read options from this file: lines option=value, the value to the end of the line");
    app.set_version_flag("--version", program::version_line(name, bus::zmq_version()));
    app.footer("Commands, in the shell, with -c, and on a piped stdin:\n" + Commands::help_text() +
               "\n\nExit codes: 0 done, 1 failure, 2 usage, 3 not found, 4 tracker unreachable,\n"
               "5 timeout, 6 network, 7 interrupted (can be resumed), 8 integrity, 9 disk,\n"
               "10 not authorised, 11 plug-in refused, 129/130/143 signals, 141 stdout has no "
               "reader");
}

CLI::App* add_cleanup(CLI::App& app, Arguments& arguments) {
    auto* const cleanup = app.add_subcommand(
        "cleanup", "List what unfinished downloads have left below a directory, or remove it");
    cleanup->add_option("DIR", arguments.cleanup_dir,
                        "The directory (default: that of --dir, else the current one)");
    cleanup->add_option("--older", arguments.cleanup_older,
                        "Only what was not changed for so long, such as 7d or 12h");
    cleanup->add_flag("--remove", arguments.cleanup_remove,
                      "Remove it, but nothing that a download uses");
    cleanup->footer("Exit codes: 0 done, 9 something could not be read or removed");
    cleanup->fallthrough();
    return cleanup;
}

CLI::App* add_plugins_new(CLI::App& plugins, PluginProject& project) {
    auto* const make = plugins.add_subcommand(
        "new", "Write a small project of a plug-in, with a test, in a directory of its own");
    make->add_option("NAME", project.name, "What it is called: [a-z0-9-], 32 at most")->required();
    make->add_option("--kind", project.kind,
                     "peer-selection, chunk-order, upload-choice, handout or integrity")
        ->capture_default_str();
    make->add_option("--lang", project.language, "c++, c or rust")->capture_default_str();
    return make;
}

CLI::App* add_explain(CLI::App& app, Arguments& arguments) {
    auto* const explain = app.add_subcommand(
        "explain", "Say why a download went as it did, from the trace of its peer (--trace FILE)");
    explain->add_option("NAME", arguments.explain_name, "The name of the file")->required();
    explain->footer("Exit codes: 0 done, 3 the trace has no such download, 9 it cannot be read");
    explain->fallthrough();
    return explain;
}

int complain(Error const& error) {
    return program::complain(name, error);
}

Error usage(std::string message) {
    return {Errc::usage, std::move(message) + " (see --help)"};
}

std::optional<std::uint16_t> parse_port(std::string const& text) {
    std::uint16_t port = 0;
    auto const* const end = text.data() + text.size();
    auto const [rest, error] = std::from_chars(text.data(), end, port);
    return error == std::errc{} && rest == end ? std::optional(port) : std::nullopt;
}

Status take_address(Arguments const& arguments, Settings& settings) {
    auto const& words = arguments.positionals;
    if (!words.empty() && words.size() != 3) {
        return usage("IP, PORT and DIRECTORY belong together: xfs-peer 127.0.0.1 7471 DIRECTORY");
    }
    if (!words.empty() && (!arguments.bind.empty() || !arguments.dir.empty())) {
        return usage("say IP PORT DIRECTORY or --bind and --dir, not both");
    }
    if (words.empty() && arguments.bind.empty()) {
        return done();
    }
    auto const port = words.empty() ? std::nullopt : parse_port(words[1]);
    auto const endpoint = words.empty() ? wire::parse_endpoint(arguments.bind)
                                        : (port && wire::valid_host(words[0]) && !words[0].empty()
                                               ? std::optional(wire::Endpoint{words[0], *port})
                                               : std::nullopt);
    if (!endpoint) {
        auto const given = words.empty() ? arguments.bind : words[0] + " " + words[1];
        return usage("'" + wire::escape(given) +
                     "' is no address; write an IP and a port, such as " +
                     (words.empty() ? "127.0.0.1:7471" : "127.0.0.1 7471"));
    }
    if (!endpoint->any_host() && !wire::numeric_host(endpoint->host)) {
        return usage("'" + wire::escape(endpoint->host) +
                     "' is a name; write the IP address to listen on, which others can reach");
    }
    settings.peer.host = endpoint->host;
    settings.peer.port = endpoint->port;
    return done();
}

Status take_directory(Arguments const& arguments, Settings& settings) {
    settings.peer.directory =
        arguments.positionals.empty() ? arguments.dir : arguments.positionals[2];
    auto const& directory = settings.peer.directory;
    if (directory.empty()) {
        return done();
    }
    std::error_code error;
    if (!fs::is_directory(directory, error)) {
        auto const why = error ? error.message() : "it is not a directory";
        return Error{Errc::disk, "cannot share '" + wire::escape(directory.string()) + "': " + why};
    }
    if (!arguments.no_cache) {
        settings.peer.cache_file = cache_file_for(directory);
    }
    return done();
}

Status take_limits(Arguments const& arguments, Settings& settings) {
    struct Limit {
        char const* option;
        std::string const& text;
        std::uint64_t& to;
    };

    auto& peer = settings.peer;
    for (auto const& limit :
         {Limit{"--max-upload-limit", arguments.upload_limit, peer.upload_limit},
          Limit{"--max-download-limit", arguments.download_limit, peer.download_limit},
          Limit{"--max-transfer-upload-limit", arguments.transfer_upload_limit,
                peer.transfer_upload_limit},
          Limit{"--max-transfer-download-limit", arguments.transfer_download_limit,
                peer.transfer_download_limit}}) {
        auto const rate = parse_size(limit.text);
        if (!rate) {
            return usage(std::string(limit.option) + ": " + rate.error().message);
        }
        limit.to = *rate;
    }
    return done();
}

Status take_rescan(Arguments const& arguments, Settings& settings) {
    if (arguments.rescan.empty()) {
        return done();
    }
    auto const every = program::parse_duration(arguments.rescan);
    if (!every) {
        return usage("--rescan: " + every.error().message);
    }
    settings.peer.rescan = *every;
    return done();
}

Result<peer::AcceptPush> accept_push_of(std::string const& value) {
    if (value.empty() || value == "false") {
        return peer::AcceptPush::none;
    }
    if (value == "true" || value == "new") {
        return peer::AcceptPush::new_files;
    }
    if (value == "replace") {
        return peer::AcceptPush::replace;
    }
    return usage("--accept-push: '" + wire::escape(value) + "' is neither 'new' nor 'replace'");
}

Status take_timeout(Arguments const& arguments, Settings& settings) {
    if (arguments.tracker_timeout.empty()) {
        return done();
    }
    // A bare number is a number of seconds.
    bool const bare =
        arguments.tracker_timeout.find_first_not_of("0123456789.") == std::string::npos;
    auto const timeout = program::parse_duration(arguments.tracker_timeout + (bare ? "s" : ""));
    if (!timeout) {
        return usage("--tracker-timeout: " + timeout.error().message);
    }
    settings.tracker_timeout = *timeout;
    return done();
}

Status take_logging(Arguments const& arguments, Settings& settings) {
    auto const usual = arguments.serve ? LogLevel::info : LogLevel::warning;
    auto const level = arguments.log_level.empty() ? std::optional(usual)
                                                   : program::parse_log_level(arguments.log_level);
    if (!level) {
        return usage("--log-level: '" + wire::escape(arguments.log_level) +
                     "' is none of debug, info, warning, error, off");
    }
    settings.log.program = name;
    settings.log.level = *level;
    settings.log.color = !arguments.no_color;
    settings.log.json = arguments.json_log;
    if (arguments.quiet) {
        settings.log.level = LogLevel::error;
    } else if (arguments.verbose > 0) {
        settings.log.level = arguments.verbose > 1 ? LogLevel::debug : LogLevel::info;
    }
    return done();
}

Status take_tracker(Arguments const& arguments, Settings& settings) {
    auto const tracker = wire::parse_endpoint(arguments.tracker);
    if (!tracker || tracker->port == 0 || tracker->any_host()) {
        return usage("--tracker: '" + wire::escape(arguments.tracker) +
                     "' is no address; write for example tcp://192.168.1.2:7470");
    }
    settings.peer.tracker = tracker->to_zmq();
    return done();
}

/// All that `cleanup` needs to know: it is no peer.
Status take_cleanup(Arguments const& arguments, Settings& settings) {
    if (!arguments.positionals.empty()) {
        return usage("cleanup takes one directory, after its name: xfs-peer cleanup DIR");
    }
    auto const older = program::parse_duration(arguments.cleanup_older);
    if (!older) {
        return usage("--older: " + older.error().message);
    }
    auto const usual = arguments.dir.empty() ? std::string(".") : arguments.dir;
    settings.cleanup = Cleanup{.directory = arguments.cleanup_dir.value_or(usual),
                               .older = *older,
                               .remove = arguments.cleanup_remove,
                               .json = arguments.json,
                               .terminal = ::isatty(STDOUT_FILENO) == 1};
    return done();
}

/// All that `explain` needs to know: it is no peer, and reads what one has written.
Status take_explain(Arguments const& arguments, Settings& settings) {
    if (!arguments.positionals.empty()) {
        return usage("explain takes one name: xfs-peer explain NAME --trace FILE");
    }
    if (arguments.trace.empty()) {
        return usage("explain reads the trace that a peer has written: say which, --trace FILE");
    }
    settings.explain = Explain{arguments.explain_name, arguments.trace, arguments.json};
    return done();
}

/// What may be wrong with one option, whatever the others are.
Status take_each(Arguments const& arguments, Settings& settings) {
    for (auto const take : {take_address, take_directory, take_limits, take_rescan, take_timeout,
                            take_logging, take_tracker}) {
        if (auto taken = take(arguments, settings); !taken) {
            return taken;
        }
    }
    return done();
}

Status to_settings(Arguments const& arguments, Settings& settings) {
    if (auto taken = take_each(arguments, settings); !taken) {
        return taken;
    }
    if (arguments.serve && settings.peer.directory.empty()) {
        return usage("--serve needs a directory to share");
    }
    auto door = door_options(arguments.door, arguments.serve);
    if (!door) {
        return door.error();
    }
    settings.door = std::move(*door);
    if (settings.door) {
        settings.peer.spare_descriptors = door::descriptors_most(settings.door->limits);
    }
    auto const accept = accept_push_of(arguments.accept_push);
    if (!accept) {
        return accept.error();
    }
    settings.peer.accept_push = *accept;
    if (*accept != peer::AcceptPush::none && settings.peer.directory.empty()) {
        return usage("--accept-push needs a directory to share: pushed files go there");
    }
    settings.peer.data_port = arguments.data_port;
    settings.peer.keep_mode = arguments.keep_mode;
    settings.peer.durability =
        arguments.durability == "power" ? peer::Durability::power : peer::Durability::process;
    settings.peer.policy = arguments.policy;
    settings.peer.chunk_order = arguments.chunk_order;
    settings.peer.integrity = arguments.integrity;
    settings.peer.upload_policy = arguments.upload_policy;
    for (auto const& hash : arguments.accept_hashes) {
        if (!wire::valid_algorithm(hash)) {
            return usage("--accept-hash: '" + wire::escape(hash) +
                         "' is no hash plug-in's name, such as sha3-256");
        }
    }
    settings.peer.accept_hashes = arguments.accept_hashes;
    settings.peer.plugin_directories.assign(arguments.plugin_dirs.begin(),
                                            arguments.plugin_dirs.end());
    settings.peer.trace_file = arguments.trace;
    settings.peer.latency_file = arguments.latency_file;
    settings.peer.sources = arguments.sources;
    settings.peer.labels = arguments.labels;
    settings.peer.seed = arguments.seed;
    settings.peer.strict_policy = arguments.strict_policy;
    settings.peer.heartbeat = !arguments.no_heartbeat;
    settings.peer.watch = !arguments.no_watch;
    settings.peer.ignore = arguments.ignore;
    settings.peer.default_ignores = !arguments.no_default_ignores;
    settings.commands = arguments.commands;
    settings.serve = arguments.serve;
    settings.json = arguments.json;
    return done();
}

/// One reading of a command line.
struct CommandLine {
    explicit CommandLine(program::Environment environment) {
        add_sharing_options(app, arguments, environment);
        add_transfer_options(app, arguments);
        add_program_options(app, arguments);
        plugins = app.add_subcommand("plugins", "List the plug-ins that are found, and where");
        check_one = plugins->add_subcommand("check", "Would this file load, and if not, why");
        check_one->add_option("FILE", arguments.plugin_file, "FILE[:key=value,...]")->required();
        test_one = plugins->add_subcommand(
            "test", "Does this file keep the contract of its kind, under random questions");
        test_one->add_option("FILE", arguments.plugin_file, "FILE[:key=value,...]")->required();
        make_one = add_plugins_new(*plugins, arguments.plugin_project);
        cleanup = add_cleanup(app, arguments);
        explain = add_explain(app, arguments);
        app.fallthrough();
        plugins->fallthrough();
    }

    [[nodiscard]] Status check() const {
        Settings settings;
        return take_each(arguments, settings);
    }

    [[nodiscard]] Settings::Plugins asked_for() const {
        return *check_one  ? Settings::Plugins::check
               : *test_one ? Settings::Plugins::test
               : *make_one ? Settings::Plugins::make
               : *plugins  ? Settings::Plugins::list
                           : Settings::Plugins::none;
    }

    Arguments arguments;
    std::string& config = arguments.config;
    CLI::App app{description, name};
    CLI::App* plugins = nullptr;
    CLI::App* check_one = nullptr;
    CLI::App* test_one = nullptr;
    CLI::App* make_one = nullptr;
    CLI::App* cleanup = nullptr;
    CLI::App* explain = nullptr;
};

}  // namespace

Result<std::optional<int>> parse_settings(std::vector<std::string> const& words,
                                          Settings& settings) {
    std::optional<CommandLine> line;
    auto parsed = program::parse_command_line(words, line);
    if (!parsed || *parsed) {
        return parsed;
    }
    auto const take_all = *line->cleanup   ? take_cleanup
                          : *line->explain ? take_explain
                                           : to_settings;
    if (auto taken = take_all(line->arguments, settings); !taken) {
        return taken.error();
    }
    settings.plugins = line->asked_for();
    settings.plugin_file = line->arguments.plugin_file;
    settings.plugin_project = line->arguments.plugin_project;
    settings.words = words;
    return std::optional<int>();
}

std::optional<int> read_settings(int argc, char** argv, Settings& settings) {
    auto const parsed = parse_settings({argv + 1, argv + argc}, settings);
    return parsed ? *parsed : std::optional(complain(parsed.error()));
}

}  // namespace xfsbus::console
