#include "plugin_trial.hpp"

#include <xfsbus/program/run.hpp>

#include <nlohmann/json.hpp>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace xfsbus::console {
namespace {

/// Longer than the child takes to give up by itself.
constexpr auto patience = std::chrono::seconds(15);

std::string to_text(policies::PluginListing const& plugin) {
    nlohmann::json parameters = nlohmann::json::array();
    for (auto const& each : plugin.parameters) {
        parameters.push_back({each.name, each.value, each.default_value, each.description});
    }
    nlohmann::json const object = {
        {"hash", plugin.hash},       {"kind", plugin.kind},
        {"name", plugin.name},       {"version", plugin.version},
        {"parameters", parameters},  {"description", plugin.description},
        {"problem", plugin.problem},
    };
    return object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

policies::PluginListing from_text(std::filesystem::path const& path, std::string const& text) {
    auto const object = nlohmann::json::parse(text);
    policies::PluginListing plugin;
    plugin.path = path;
    plugin.hash = object.at("hash");
    plugin.kind = object.at("kind");
    plugin.name = object.at("name");
    plugin.version = object.at("version");
    plugin.description = object.at("description");
    plugin.problem = object.at("problem");
    for (auto const& each : object.at("parameters")) {
        plugin.parameters.push_back({each.at(0), each.at(1), each.at(2), each.at(3)});
    }
    return plugin;
}

using Parameters = std::vector<std::pair<std::string, std::string>>;

[[noreturn]] void answer_and_leave(std::function<std::string()> const& ask, int to) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // nobody is left to stop it
    rlimit const no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    ::dup2(STDERR_FILENO, STDOUT_FILENO);
    auto const text = ask() + "\n";
    for (std::size_t at = 0; at < text.size();) {
        auto const n = ::write(to, text.data() + at, text.size() - at);
        if (n < 0) {
            break;
        }
        at += static_cast<std::size_t>(n);
    }
    ::_exit(0);  // without what the plug-in wants done at an exit
}

/// It is looked so often whether to go on waiting.
constexpr int look_ms = 100;

/// A whole line, or as much of it as comes before the end or the deadline; `late` says which. When
/// it is to stop, that is the deadline.
std::string read_line(int from, bool& late, std::stop_token const& stop = {}) {
    auto const deadline = std::chrono::steady_clock::now() + patience;
    std::string text;
    while (!text.ends_with('\n')) {
        pollfd wait{from, POLLIN, 0};
        int const ready = ::poll(&wait, 1, look_ms);
        if (ready == 0 && !stop.stop_requested() && std::chrono::steady_clock::now() < deadline) {
            continue;
        }
        if (ready == 0) {
            late = true;
            break;
        }
        std::array<char, 4096> bytes{};
        auto const n = ::read(from, bytes.data(), bytes.size());
        if (n == 0 || (n < 0 && errno != EINTR)) {
            break;
        }
        text.append(bytes.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
    }
    return text;
}

std::string how_it_ended(int status, bool late) {
    if (late) {
        return "it did not come back within " + std::to_string(patience.count()) + " s";
    }
    if (WIFSIGNALED(status)) {
        return std::string("it crashes the program that loads it: ") +
               ::strsignal(WTERMSIG(status));  // NOLINT(concurrency-mt-unsafe): no other thread
    }
    return "it ends the program that loads it, with exit code " +
           std::to_string(WEXITSTATUS(status));
}

policies::PluginListing problem(std::filesystem::path const& path, std::string what) {
    policies::PluginListing plugin;
    plugin.path = path;
    plugin.problem = "plug-in '" + path.string() + "': " + std::move(what);
    return plugin;
}

int wait_for(pid_t child) {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

/// Starts this program anew, with its stdout going to `out`.
pid_t start_again(std::vector<std::string> words, int out) {
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (auto& word : words) {
        arguments.push_back(word.data());
    }
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t files;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
    posix_spawnattr_t attributes;
    ::posix_spawnattr_init(&attributes);
    sigset_t none;
    ::sigemptyset(&none);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    pid_t child = -1;
    int const error =
        ::posix_spawn(&child, "/proc/self/exe", &files, &attributes, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&files);
    ::posix_spawnattr_destroy(&attributes);
    errno = error;
    return error == 0 ? child : -1;
}

Error cannot_try(std::string const& why) {
    return {Errc::plugin, "cannot try it in a process of its own: " + why};
}

}  // namespace

Result<std::string> try_plugin_apart(std::string const& spec,
                                     std::vector<std::filesystem::path> const& directories,
                                     std::stop_token const& stop) {
    std::vector<std::string> words = {"xfs-peer", "--json"};
    for (auto const& directory : directories) {
        words.insert(words.end(), {"--plugin-dir", directory.string()});
    }
    words.insert(words.end(), {"plugins", "check", "--", spec});
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return cannot_try(std::generic_category().message(errno));
    }
    pid_t const child = start_again(std::move(words), ends[1]);
    int const error = errno;
    ::close(ends[1]);
    bool late = false;
    auto const text = child > 0 ? read_line(ends[0], late, stop) : "";
    ::close(ends[0]);
    if (child < 0) {
        return cannot_try(std::generic_category().message(error));
    }
    if (late) {
        ::kill(child, SIGKILL);
    }
    auto const status = wait_for(child);
    if (late && stop.stop_requested()) {
        return Error{Errc::interrupted, "interrupted"};
    }
    auto const answer = nlohmann::json::parse(text, nullptr, false);
    if (answer.is_object() && answer.value("ok", false)) {
        return answer.value("sha256", "");
    }
    if (answer.is_object()) {
        return Error{Errc::plugin, answer.value("problem", "")};
    }
    bool const told = WIFEXITED(status) && WEXITSTATUS(status) == program::exit_code(Errc::plugin);
    return told ? Result(std::string()) : cannot_try(how_it_ended(status, late));
}

Result<std::string> ask_apart(std::function<std::string()> const& ask) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return Error{Errc::plugin, "cannot look at it: " + std::generic_category().message(errno)};
    }
    pid_t const child = ::fork();
    if (child == 0) {
        ::close(ends[0]);
        answer_and_leave(ask, ends[1]);
    }
    int const error = errno;
    ::close(ends[1]);
    bool late = false;
    auto const text = child > 0 ? read_line(ends[0], late) : "";
    ::close(ends[0]);
    if (child < 0) {
        return Error{Errc::plugin, "cannot look at it: " + std::generic_category().message(error)};
    }
    bool const answered = text.ends_with('\n');
    if (answered || late) {
        ::kill(-child, SIGKILL);  // with all that it has begun
    }
    auto const status = wait_for(child);
    if (!answered) {
        return Error{Errc::plugin, how_it_ended(status, late)};
    }
    return text;
}

policies::PluginListing try_plugin(std::filesystem::path const& path,
                                   Parameters const& parameters) {
    auto const text = ask_apart([&] { return to_text(policies::check_plugin(path, parameters)); });
    try {
        return text ? from_text(path, *text) : problem(path, text.error().message);
    } catch (nlohmann::json::exception const&) {
        return problem(path, "it writes where only the program that loads it should");
    }
}

}  // namespace xfsbus::console
