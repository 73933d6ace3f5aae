#include "replay/replay.hpp"
#include "results/compare.hpp"
#include "run/experiment_run.hpp"

#include <xfsbus/policies/host/errors.hpp>
#include <xfsbus/policies/host/plugin_path.hpp>
#include <xfsbus/policies/host/plugin_spec.hpp>
#include <xfsbus/policies/host/selector_factory.hpp>
#include <xfsbus/program/command_line.hpp>
#include <xfsbus/program/durations.hpp>
#include <xfsbus/program/run.hpp>
#include <xfsbus/program/sizes.hpp>
#include <xfsbus/program/version.hpp>
#include <xfsbus/wire/name.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <unistd.h>

namespace {

using namespace xfsbus;
using namespace xfsbus::lab;

constexpr char const* name = "xfs-lab";

constexpr char const* description =
    R"(Tries policies in experiments, in virtual time or with real programs.

Examples:
  xfs-lab run racks.toml --sim                    into racks.results, with a report.html
  xfs-lab run racks.toml --sim --out a --jobs 4
  xfs-lab run racks.toml --netns --out b          the same with a network on this machine
  xfs-lab compare a b                             is the difference real?
  xfs-lab replay peer.trace --policy libmine.so   what would another policy have answered?
)";

/// What was typed.
struct Arguments {
    std::string file;
    bool sim = false;
    bool live = false;
    bool netns = false;
    std::string work_dir;
    std::optional<std::size_t> jobs;
    std::string out;
    bool force = false;
    std::string time_limit = "10m";
    std::string memory_limit = "4G";
    std::vector<std::string> plugin_dirs;
    std::string first;
    std::string second;
    std::string policy_a;
    std::string policy_b;
    std::string trace;
    std::vector<std::string> policies;
    std::string policy;
    std::string recorded;
};

void add_plugin_dirs(CLI::App& command, Arguments& arguments) {
    command
        .add_option("--plugin-dir", arguments.plugin_dirs,
                    "Directory searched for plug-ins first; repeatable (also: XFS_PLUGIN_PATH)")
        ->expected(1)
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

CLI::App& add_run(CLI::App& app, Arguments& arguments) {
    auto& run = *app.add_subcommand("run", "Run an experiment: each policy with each seed");
    run.add_option("FILE", arguments.file, "The experiment, in TOML")->required();
    run.add_flag("--sim", arguments.sim, "In a simulator, in virtual time");
    run.add_flag("--live", arguments.live, "With real programs on this machine, in real time");
    run.add_flag("--netns", arguments.netns,
                 "The same, each behind a link in a network of its own; as root");
    run.add_option("--work-dir", arguments.work_dir,
                   "Where real programs have their files meanwhile (default: TMPDIR, or /tmp)");
    run.add_option("--jobs", arguments.jobs,
                   "Simulated at once (default: the processors); others run one by one")
        ->check(CLI::Range(1, 1024));
    run.add_option("--out", arguments.out, "Folder for the results (default: FILE's, .results)");
    run.add_flag("--force", arguments.force, "Write over results that are in the folder");
    run.add_option("--policy", arguments.policies,
                   "Compares NAME=PLUGIN[:key=value,...], too; repeatable")
        ->expected(1)
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    run.add_option("--time-limit", arguments.time_limit, "A run that takes longer has failed")
        ->capture_default_str();
    run.add_option("--memory-limit", arguments.memory_limit,
                   "A run that needs more has failed; 0: no limit")
        ->capture_default_str();
    add_plugin_dirs(run, arguments);
    return run;
}

CLI::App& add_compare(CLI::App& app, Arguments& arguments) {
    auto& compare =
        *app.add_subcommand("compare", "Whether two results of an experiment differ really");
    compare.add_option("A", arguments.first, "A folder of results")->required();
    compare.add_option("B", arguments.second, "Another, or the same")->required();
    compare.add_option("--policy-a", arguments.policy_a, "NAME, or 'NAME PARAMETERS', of A");
    compare.add_option("--policy-b", arguments.policy_b, "The same of B");
    return compare;
}

CLI::App& add_replay(CLI::App& app, Arguments& arguments) {
    auto& replay = *app.add_subcommand(
        "replay", "What another policy would have answered to the questions of a trace");
    replay.add_option("TRACE", arguments.trace, "As xfs-peer --trace has written it")->required();
    replay.add_option("--policy", arguments.policy, "The other policy, FILE[:key=value,...]")
        ->required();
    replay.add_option("--recorded", arguments.recorded,
                      "The policy of the trace (default: as the trace names it)");
    add_plugin_dirs(replay, arguments);
    return replay;
}

/// Where it is to run, of which one is said.
Result<experiment::Where> where_of(Arguments const& arguments) {
    using experiment::Where;
    if (int{arguments.sim} + int{arguments.live} + int{arguments.netns} != 1) {
        return Error{Errc::usage, "run: write one of --sim, --live and --netns"};
    }
    auto const where = arguments.sim ? Where::sim : arguments.live ? Where::live : Where::netns;
    if (where != Where::sim && arguments.jobs.value_or(1) != 1) {
        return Error{Errc::usage,
                     "--jobs: real programs run one experiment at a time, or they "
                     "would disturb one another; write --jobs 1, or --sim"};
    }
    if (where == Where::sim && !arguments.work_dir.empty()) {
        return Error{Errc::usage, "--work-dir: belongs to --live and --netns"};
    }
    return where;
}

/// The directory of this program, beside which the others are.
std::filesystem::path own_directory() {
    std::error_code error;
    return std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
}

Result<run::Request> request_of(Arguments const& arguments) {
    auto const where = where_of(arguments);
    if (!where) {
        return where.error();
    }
    auto const time = program::parse_duration(arguments.time_limit);
    if (!time || time->count() == 0) {
        return Error{Errc::usage, "--time-limit: " + (time ? std::string("must be more than 0")
                                                           : time.error().message)};
    }
    auto const memory = program::parse_size(arguments.memory_limit);
    if (!memory) {
        return Error{Errc::usage, "--memory-limit: " + memory.error().message};
    }
    run::Request request;
    request.file = arguments.file;
    request.out = arguments.out.empty()
                      ? std::filesystem::path(arguments.file).replace_extension(".results")
                      : std::filesystem::path(arguments.out);
    request.force = arguments.force;
    request.policies = arguments.policies;
    request.where = *where;
    request.programs = own_directory();
    request.work_dir = arguments.work_dir.empty() ? std::filesystem::temp_directory_path()
                                                  : std::filesystem::path(arguments.work_dir);
    request.at_once = arguments.jobs.value_or(std::max(1U, std::thread::hardware_concurrency()));
    request.time_limit = *time;
    request.memory_limit = *memory;
    return request;
}

policies::PluginPath path_of(Arguments const& arguments) {
    return policies::PluginPath::standard(
        {arguments.plugin_dirs.begin(), arguments.plugin_dirs.end()});
}

/// Over the line that is there, on a terminal.
void tell(std::string const& line) {
    std::cerr << "\r\x1b[K" << line << std::flush;
}

int run_command(Arguments const& arguments) {
    auto request = request_of(arguments);
    if (!request) {
        return program::complain(name, request.error());
    }
    bool const on_terminal = ::isatty(STDERR_FILENO) == 1;
    if (on_terminal) {
        request->tell = tell;
    }
    auto const path = path_of(arguments);
    auto const done = run::run_experiment(*request, path);
    if (on_terminal) {
        tell("");
    }
    if (!done) {
        return program::complain(name, done.error());
    }
    for (auto const& warning : done->warnings) {
        std::cerr << name << ": " << wire::escape(warning) << "\n";
    }
    std::cout << done->table << done->decisions << "results in "
              << wire::escape(request->out.string()) << "\n";
    if (done->signal != 0) {
        constexpr int by_signal = 128;
        std::cerr << name << ": ended early; what was done is written\n";
        return by_signal + done->signal;
    }
    return done->failed > 0 ? 1 : 0;
}

int compare_command(Arguments const& arguments) {
    auto const text = results::compare({arguments.first, arguments.policy_a},
                                       {arguments.second, arguments.policy_b});
    if (!text) {
        return program::complain(name, text.error());
    }
    std::cout << *text;
    return 0;
}

int replay_command(Arguments const& arguments) {
    auto const trace = replay::Trace::read(arguments.trace);
    if (!trace) {
        return program::complain(name, trace.error());
    }
    auto const load = [path = path_of(arguments)](std::string const& spec) {
        return policies::load_peer_selector(policies::parse_plugin_spec(spec), path);
    };
    try {
        auto const recorded =
            load(arguments.recorded.empty() ? trace->policy.spec : arguments.recorded);
        if (recorded->info().hash != trace->policy.sha256) {
            std::cerr << name << ": " << wire::escape(recorded->info().path.string())
                      << " is not the file that was recorded: it may decide otherwise\n";
        }
        auto const compared = replay::compare(*trace, *recorded, *load(arguments.policy));
        if (!compared) {
            return program::complain(name, compared.error());
        }
        std::cout << trace->policy.name << " in " << wire::escape(arguments.trace) << ", against "
                  << wire::escape(arguments.policy) << "\n"
                  << replay::to_text(*compared);
    } catch (policies::PluginRefused const& refused) {
        return program::complain(name, Error{Errc::plugin, refused.what()});
    }
    if (trace->ends_at_swap) {
        std::cerr << name << ": another policy was loaded then: what followed is left out\n";
    }
    return 0;
}

int run_program(int argc, char** argv) {
    Arguments arguments;
    CLI::App app{description, name};
    app.set_version_flag("--version", program::version_line(name));
    app.require_subcommand(1);
    auto const& run = add_run(app, arguments);
    auto const& replay = add_replay(app, arguments);
    add_compare(app, arguments);
    auto const parsed = program::parse_words(app, {argv + 1, argv + argc});
    if (!parsed || *parsed) {
        return parsed ? **parsed : program::complain(name, parsed.error());
    }
    return run.parsed()      ? run_command(arguments)
           : replay.parsed() ? replay_command(arguments)
                             : compare_command(arguments);
}

}  // namespace

int main(int argc, char** argv) {
    return program::run(name, [&] { return run_program(argc, argv); });
}
