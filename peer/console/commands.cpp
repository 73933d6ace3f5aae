#include "commands.hpp"

#include "sizes.hpp"
#include "words.hpp"

#include <xfsbus/wire/name.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace xfsbus::console {
namespace {

std::optional<std::uint64_t> parse_number(std::string const& text, std::uint64_t most) {
    std::uint64_t value = 0;
    auto const* const end = text.data() + text.size();
    auto const [rest, error] = std::from_chars(text.data(), end, value);
    bool const good = error == std::errc{} && rest == end && value > 0 && value <= most;
    return good ? std::optional(value) : std::nullopt;
}

/// How many changes make one word of the other (Levenshtein), for "did you mean".
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) {
        row[j] = j;
    }
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            std::size_t const substitute = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, substitute});
        }
    }
    return row[b.size()];
}

/// The exit code of a job of several files: that of the worst. Corruption before all, then what
/// is the matter with this machine, then with the others, then that somebody pressed Ctrl-C.
int worst_code(peer::DownloadReport const& report) {
    static constexpr std::array order = {Errc::integrity,  Errc::disk,
                                         Errc::plugin,     Errc::not_authorised,
                                         Errc::failed,     Errc::usage,
                                         Errc::network,    Errc::timeout,
                                         Errc::not_found,  Errc::tracker_unreachable,
                                         Errc::interrupted};
    auto const* worst = order.end();
    for (auto const& file : report.files) {
        if (file.error) {
            worst = std::min(worst, std::ranges::find(order, file.error->code));
        }
    }
    return worst == order.end() ? 0 : static_cast<int>(*worst);
}

}  // namespace

std::span<Commands::Command const> Commands::table() {
    static constexpr std::array commands = {
        Command{"updatelist", "", "scan the directory, send the whole list to the tracker",
                &Commands::update_list},
        Command{"getload", "IP PORT", "ask a peer how many transfers it is busy with",
                &Commands::get_load},
        Command{"find", "NAME", "who has it; best source first, as the policy sees it",
                &Commands::find},
        Command{"download", "NAME [-o OUT] [-f] [-s N]",
                "fetch a file, a pattern ('data/*'), or one version (NAME@ID)",
                &Commands::download},
        Command{"peers", "", "the peers that the tracker knows", &Commands::peers},
        Command{"files", "", "the files that this peer shares", &Commands::files},
        Command{"status", "", "addresses, load and totals of this peer", &Commands::status},
        Command{"policy", "[load FILE[:key=value,...]]",
                "show the peer-selection policy, or swap it live", &Commands::policy},
        Command{"help", "[COMMAND]", "what there is", &Commands::help},
        Command{"exit", "", "leave", &Commands::exit}};
    return commands;
}

std::string Commands::help_text() {
    std::string text;
    for (auto const& command : table()) {
        auto const call = fmt::format("{} {}", command.name, command.usage);
        text += fmt::format("  {:<38} {}\n", call, command.help);
    }
    text.pop_back();
    return text;
}

int Commands::run(std::string_view line) {
    auto const begin = line.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos || line[begin] == '#') {
        return 0;
    }
    line = line.substr(begin, line.find_last_not_of(" \t\r\n") + 1 - begin);
    auto const words = split_words(line);
    if (!words) {
        printer_.error(wire::escape(line), words.error());
        return static_cast<int>(words.error().code);
    }
    {
        std::lock_guard const lock(mutex_);
        running_.emplace();
    }
    int const code = dispatch(*words);
    std::lock_guard const lock(mutex_);
    running_.reset();
    return code;
}

bool Commands::interrupt() {
    std::lock_guard const lock(mutex_);
    return running_ && running_->request_stop();
}

int Commands::dispatch(std::vector<std::string> const& words) {
    auto const commands = table();
    auto const found = std::ranges::find(commands, words[0], &Command::name);
    if (found == commands.end()) {
        auto const nearest = std::ranges::min_element(
            commands, {}, [&](auto const& command) { return distance(command.name, words[0]); });
        bool const near = distance(nearest->name, words[0]) <= 2;
        printer_.error(
            wire::escape(words[0]),
            {Errc::usage, near ? fmt::format("no such command; did you mean '{}'?", nearest->name)
                               : "no such command; 'help' lists them"});
        return static_cast<int>(Errc::usage);
    }
    current_ = &*found;
    return (this->*found->run)({words.begin() + 1, words.end()});
}

int Commands::fail(Error const& error) const {
    printer_.error(std::string(current_->name), error);
    return static_cast<int>(error.code);
}

int Commands::wrong_usage(std::string const& problem) const {
    return fail(
        {Errc::usage, fmt::format("{}; usage: {} {}", problem, current_->name, current_->usage)});
}

// ---- the commands ----

int Commands::update_list(std::vector<std::string> const& arguments) {
    if (!arguments.empty()) {
        return wrong_usage("it takes no arguments");
    }
    auto const summary = peer_.update_list(running_->get_token());
    if (!summary) {
        return fail(summary.error());
    }
    printer_.update(*summary);
    return 0;
}

int Commands::get_load(std::vector<std::string> const& arguments) {
    auto const port = arguments.size() == 2 ? parse_number(arguments[1], 65535) : std::nullopt;
    if (!port) {
        return wrong_usage("it takes the IP and the PORT of a peer");
    }
    auto const load = peer_.get_load(arguments[0], static_cast<std::uint16_t>(*port));
    if (!load) {
        return fail(load.error());
    }
    printer_.load(arguments[0], static_cast<std::uint16_t>(*port), *load);
    return 0;
}

int Commands::find(std::vector<std::string> const& arguments) {
    if (arguments.size() != 1 || arguments[0].empty()) {
        return wrong_usage("it takes one name (quote blanks)");
    }
    auto const sources = peer_.find(arguments[0], running_->get_token());
    if (!sources) {
        return fail(sources.error());
    }
    printer_.sources(*sources);
    return 0;
}

int Commands::download(std::vector<std::string> const& arguments) {
    peer::DownloadRequest request;
    bool only_names = false;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        auto const& word = arguments[i];
        bool const has_value = i + 1 < arguments.size();
        if (only_names || word.empty() || word[0] != '-' || word == "-") {
            if (word.empty() || !request.name.empty()) {
                return wrong_usage("it takes one name (quote blanks)");
            }
            request.name = word;
        } else if (word == "--") {
            only_names = true;
        } else if (word == "-f" || word == "--force") {
            request.force = true;
        } else if ((word == "-o" || word == "--out") && has_value) {
            request.out = arguments[++i];
        } else if ((word == "-s" || word == "--sources") && has_value) {
            auto const sources = parse_number(arguments[++i], 256);
            if (!sources) {
                return wrong_usage("-s takes a number from 1 to 256");
            }
            request.sources = *sources;
        } else {
            return wrong_usage("'" + wire::escape(word) + "' is no option, or lacks its value");
        }
    }
    if (request.name.empty()) {
        return wrong_usage("it takes a name");
    }
    request.stop = running_->get_token();
    if (options_.show_progress || options_.json) {
        request.on_progress = [this](auto const& progress) { show_progress(progress); };
    }
    auto const report = peer_.download(request);
    bar_.clear();
    if (!report) {
        return fail(report.error());
    }
    printer_.downloaded(*report);
    return worst_code(*report);
}

void Commands::show_progress(peer::DownloadProgress const& progress) {
    options_.json ? printer_.progress(progress) : bar_.draw(progress);
}

int Commands::peers(std::vector<std::string> const& arguments) {
    if (!arguments.empty()) {
        return wrong_usage("it takes no arguments");
    }
    auto const peers = peer_.peers();
    if (!peers) {
        return fail(peers.error());
    }
    printer_.peers(*peers);
    return 0;
}

int Commands::files(std::vector<std::string> const& arguments) {
    if (!arguments.empty()) {
        return wrong_usage("it takes no arguments");
    }
    printer_.files(peer_.files());
    return 0;
}

int Commands::status(std::vector<std::string> const& arguments) {
    if (!arguments.empty()) {
        return wrong_usage("it takes no arguments");
    }
    printer_.status(peer_.status());
    return 0;
}

int Commands::policy(std::vector<std::string> const& arguments) {
    if (arguments.empty()) {
        printer_.policy(peer_.policy());
        return 0;
    }
    if (arguments.size() != 2 || arguments[0] != "load") {
        return wrong_usage("it takes nothing, or 'load' and a plug-in");
    }
    auto const policy = peer_.load_policy(arguments[1]);
    if (!policy) {
        return fail(policy.error());
    }
    printer_.policy(*policy);
    return 0;
}

int Commands::help(std::vector<std::string> const& arguments) {
    if (arguments.empty()) {
        printer_.help(help_text());
        return 0;
    }
    auto const commands = table();
    auto const found = std::ranges::find(commands, arguments[0], &Command::name);
    if (found == commands.end()) {
        return wrong_usage("there is no command '" + wire::escape(arguments[0]) + "'");
    }
    printer_.help(fmt::format("{} {}\n  {}", found->name, found->usage, found->help));
    return 0;
}

int Commands::exit(std::vector<std::string> const& arguments) {
    if (!arguments.empty()) {
        return wrong_usage("it takes no arguments");
    }
    leaving_ = true;
    return 0;
}

}  // namespace xfsbus::console
