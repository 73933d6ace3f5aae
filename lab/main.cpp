#include "results/compare.hpp"
#include "run/experiment_run.hpp"

#include <xfsbus/policies/host/plugin_path.hpp>
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
};

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
    run.add_option("--time-limit", arguments.time_limit, "A run that takes longer has failed")
        ->capture_default_str();
    run.add_option("--memory-limit", arguments.memory_limit,
                   "A run that needs more has failed; 0: no limit")
        ->capture_default_str();
    run.add_option("--plugin-dir", arguments.plugin_dirs,
                   "Directory searched for plug-ins first; repeatable (also: XFS_PLUGIN_PATH)")
        ->expected(1)
        ->allow_extra_args(false)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
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
    request.where = *where;
    request.programs = own_directory();
    request.work_dir = arguments.work_dir.empty() ? std::filesystem::temp_directory_path()
                                                  : std::filesystem::path(arguments.work_dir);
    request.at_once = arguments.jobs.value_or(std::max(1U, std::thread::hardware_concurrency()));
    request.time_limit = *time;
    request.memory_limit = *memory;
    return request;
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
    auto const path = policies::PluginPath::standard(
        {arguments.plugin_dirs.begin(), arguments.plugin_dirs.end()});
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
    std::cout << done->table << "results in " << wire::escape(request->out.string()) << "\n";
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

int run_program(int argc, char** argv) {
    Arguments arguments;
    CLI::App app{description, name};
    app.set_version_flag("--version", program::version_line(name));
    app.require_subcommand(1);
    auto const& run = add_run(app, arguments);
    add_compare(app, arguments);
    auto const parsed = program::parse_words(app, {argv + 1, argv + argc});
    if (!parsed || *parsed) {
        return parsed ? **parsed : program::complain(name, parsed.error());
    }
    return run.parsed() ? run_command(arguments) : compare_command(arguments);
}

}  // namespace

int main(int argc, char** argv) {
    return program::run(name, [&] { return run_program(argc, argv); });
}
