#include "commands.hpp"

#include "answers.hpp"
#include "arguments.hpp"
#include "hook.hpp"
#include "json_events.hpp"
#include "outcome.hpp"
#include "reload.hpp"
#include "words.hpp"

#include <xfsbus/program/run.hpp>
#include <xfsbus/wire/endpoint.hpp>
#include <xfsbus/wire/name.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>

namespace xfsbus::console {
namespace {

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

constexpr std::size_t stdout_buffer_bytes = 256 * 1024;
constexpr std::uint64_t jobs_most = 1'000'000'000;
/// A scan that takes longer is told of.
constexpr auto scan_word_after = std::chrono::seconds(1);

/// Whether it ends in a word & that nothing quotes.
bool goes_on_beside(std::string_view line, std::vector<std::string> const& words) {
    auto const end = line.find_last_not_of(" \t");
    return words.size() > 1 && words.back() == "&" && line[end] == '&' && line[end - 1] != '\\';
}

}  // namespace

Commands::Commands(peer::Peer& peer, peer::EventQueue events, Printer const& printer,
                   LiveArea& area, Options options)
    : peer_(peer),
      printer_(printer),
      options_(std::move(options)),
      jobs_(std::move(events), printer, area, {options_.show_progress, options_.json}) {}

std::span<Commands::Command const> Commands::table() {
    static constexpr std::array commands = {
        Command{"updatelist", "", "scan the directory, send the whole list to the tracker", "",
                &Commands::update_list},
        Command{"getload", "IP PORT", "ask a peer how many transfers it is busy with", "",
                &Commands::get_load},
        Command{"find", "NAME", "who has it; best source first, as the policy sees it", "",
                &Commands::find},
        Command{"download",
                "NAME [-o OUT] [-f] [--repair] [-s N] [--wait TIME] [--play-rate RATE] [&]",
                "fetch a file, a pattern ('data/*'), or one version (NAME@ID)",
                "  -o, --out OUT      the name to give it below the directory; -: stdout, too\n"
                "  -f, --force        replace a different file of that name\n"
                "      --repair       replace it, and keep what of it is right\n"
                "  -s, --sources N    most sources used at once for one file\n"
                "      --wait TIME    wait so long for somebody who has it (30s, 10m, 2h, 7d)\n"
                "      --play-rate RATE  it is read meanwhile, so many bytes a second (K M G)\n"
                "  &                  go on with it beside the next commands",
                &Commands::download},
        Command{"push", "NAME --to all|N|accepting [--patience TIME] [&]",
                "have other peers fetch a file, or a pattern ('data/**'), and watch them",
                "      --to all         until all registered peers have it\n"
                "      --to accepting   until all have it that take pushes\n"
                "      --to N           until so many others have it, the least busy asked first\n"
                "      --patience TIME  how long a peer may be away before it counts as "
                "unreachable (60s)\n"
                "      &                go on with it beside the next commands",
                &Commands::push},
        Command{"jobs", "", "the downloads and pushes that go on beside the prompt", "",
                &Commands::jobs},
        Command{"wait", "[N]", "until job N has ended, or all have", "", &Commands::wait},
        Command{"cancel", "N", "end job N; what was fetched is kept", "", &Commands::cancel},
        Command{"peers", "", "the peers that the tracker knows", "", &Commands::peers},
        Command{"files", "", "the files that this peer shares", "", &Commands::files},
        Command{"list", "PATTERN", "the files of all peers, as the tracker knows them", "",
                &Commands::list},
        Command{"watch", "[PATTERN] [--peers] [--exec CMD]",
                "the same, then a line for each that appears, changes or goes, until Ctrl-C",
                "      --peers     the peers, alone or beside the files\n"
                "      --exec CMD  run this by sh for each file that appears or changes, with\n"
                "                  XFS_EVENT, XFS_NAME, XFS_SIZE and XFS_ID in its environment;\n"
                "                  and for each peer that appears, changes or goes, with\n"
                "                  XFS_EVENT, XFS_PEER, XFS_IP, XFS_PORT and XFS_LABELS",
                &Commands::watch},
        Command{"status", "", "addresses, load, totals and transfers of this peer", "",
                &Commands::status},
        Command{"policy", "[load FILE[:key=value,...]]",
                "show the policies, or swap one live: peer selection, chunk order, upload choice",
                "", &Commands::policy},
        Command{"help", "[COMMAND]", "what there is", "", &Commands::help},
        Command{"exit", "", "leave", "", &Commands::exit}};
    return commands;
}

std::string Commands::help_text() {
    constexpr std::size_t call_columns = 34;
    std::string text;
    for (auto const& command : table()) {
        auto const call = fmt::format("{} {}", command.name, command.usage);
        bool const fits = call.size() <= call_columns;
        text += fmt::format("  {:<{}} {}{}\n", call, call_columns,
                            fits ? "" : "\n" + std::string(call_columns + 3, ' '), command.help);
    }
    text.pop_back();
    return text;
}

std::string Commands::help_text(Command const& command) {
    return fmt::format("{} {}\n  {}{}{}", command.name, command.usage, command.help,
                       command.options.empty() ? "" : "\n", command.options);
}

int Commands::run(std::string_view line) {
    auto const begin = line.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos || line[begin] == '#') {
        return 0;
    }
    // Only the end of the line goes here: a blank before it may be quoted.
    line = line.substr(begin, line.find_last_not_of("\r\n") + 1 - begin);
    auto words = split_words(line);
    if (!words) {
        printer_.error(wire::escape(line), words.error());
        return program::exit_code(words.error().code);
    }
    {
        std::lock_guard const lock(mutex_);
        if (closed_) {
            return code_of_sigint;
        }
        running_.emplace();
    }
    line_ = line;
    beside_ = goes_on_beside(line, *words);
    if (beside_) {
        words->pop_back();
        line_.resize(line_.find_last_of('&'));
        line_.resize(line_.find_last_not_of(" \t") + 1);
    }
    int const code = dispatch(*words);
    std::lock_guard const lock(mutex_);
    running_.reset();
    return code;
}

Commands::Interrupted Commands::interrupt() {
    std::lock_guard const lock(mutex_);
    if (running_) {
        return running_->request_stop() ? Interrupted::command : Interrupted::nothing;
    }
    if (options_.interactive && jobs_.running() > 0) {
        return Interrupted::prompt;
    }
    closed_ = true;
    return Interrupted::nothing;
}

int Commands::end_jobs() {
    if (leaving_ || !printer_.good()) {
        leave_jobs();
        return 0;
    }
    return run("wait");
}

void Commands::leave_jobs() {
    if (auto const running = jobs_.running(); running > 0) {
        jobs_.cancel_all();
        printer_.note(fmt::format("{} {} cancelled; the same commands go on where they stopped",
                                  running, running == 1 ? "job was" : "jobs were"));
    }
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
        return program::exit_code(Errc::usage);
    }
    current_ = &*found;
    if (beside_ && found->run != &Commands::download && found->run != &Commands::push) {
        return wrong_usage("only download and push go on beside others");
    }
    return (this->*found->run)({words.begin() + 1, words.end()});
}

int Commands::fail(Error const& error) const {
    printer_.error(std::string(current_->name), error);
    return program::exit_code(error.code);
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
    print_update(printer_, *summary);
    return 0;
}

int Commands::get_load(std::vector<std::string> const& arguments) {
    auto const port = arguments.size() == 2 ? parse_number(arguments[1], 65535) : std::nullopt;
    if (!port) {
        return wrong_usage("it takes the IP and the PORT of a peer");
    }
    auto const load =
        peer_.get_load(arguments[0], static_cast<std::uint16_t>(*port), running_->get_token());
    if (!load) {
        return fail(load.error());
    }
    print_load(printer_, arguments[0], static_cast<std::uint16_t>(*port), *load);
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
    print_sources(printer_, *sources);
    return 0;
}

int Commands::download(std::vector<std::string> const& arguments) {
    auto request = parse_download(arguments);
    if (!request) {
        return wrong_usage(request.error().message);
    }
    if (!request->to_stdout) {
        return begin({line_, peer_.start_download(*request)});
    }
    if (beside_ || options_.json) {
        return wrong_usage("'-o -' needs stdout for itself, without & and --json");
    }
    return to_stdout(*request);
}

/// Its bytes, in their order, as they come; they are in the directory, too, as of any download.
int Commands::to_stdout(peer::DownloadRequest const& request) {
    peer::OpenOptions const options{.force = request.force,
                                    .repair = request.repair,
                                    .sources = request.sources,
                                    .wait = request.wait,
                                    .bytes_per_second = request.play_bytes_per_second};
    auto const reader = peer_.open(request.name, options, running_->get_token());
    auto written = reader ? write_all(*reader) : Status(reader.error());
    if (written && printer_.good()) {
        written = reader->wait_until_whole(running_->get_token());
    }
    return written ? 0 : fail(written.error());
}

/// What cannot be written is told at the end of the program.
Status Commands::write_all(peer::Reader const& reader) const {
    std::vector<std::byte> buffer(stdout_buffer_bytes);
    for (std::uint64_t at = 0; at < reader.size() && printer_.good();) {
        auto const bytes = reader.read(at, buffer, running_->get_token());
        if (!bytes) {
            return bytes.error();
        }
        printer_.bytes(std::span(buffer).first(*bytes));
        at += *bytes;
    }
    return done();
}

int Commands::begin(Started started) {
    if (!beside_) {
        return jobs_.run(std::move(started), running_->get_token());
    }
    jobs_.begin(std::move(started));
    return 0;
}

/// What this peer shares is known after that. Scans may take long: then a word says so.
Status Commands::wait_for_scan() {
    auto const stop = running_->get_token();
    auto scanned = peer_.wait_until_scanned({scan_word_after, stop});
    if (!scanned && scanned.error().code == Errc::timeout) {
        printer_.note("the first scan of the directory is under way (waiting for it)");
        scanned = peer_.wait_until_scanned(stop);
    }
    return scanned ? done() : Status(scanned.error());
}

int Commands::push(std::vector<std::string> const& arguments) {
    auto request = parse_push(arguments);
    if (!request) {
        return wrong_usage(request.error().message);
    }
    // The push waits for it itself; here a word is said.
    if (auto const scanned = beside_ ? done() : wait_for_scan(); !scanned) {
        return stopped_or(scanned.error());
    }
    return begin({line_, peer_.start_push(*request), *request});
}

int Commands::jobs(std::vector<std::string> const& arguments) {
    if (!arguments.empty()) {
        return wrong_usage("it takes no arguments");
    }
    jobs_.list();
    return 0;
}

int Commands::wait(std::vector<std::string> const& arguments) {
    auto const number =
        arguments.size() == 1 ? parse_number(arguments[0], jobs_most) : std::nullopt;
    if (!arguments.empty() && !number) {
        return wrong_usage("it takes the number of a job, or nothing");
    }
    auto const code =
        jobs_.wait(number ? std::optional(static_cast<unsigned>(*number)) : std::nullopt,
                   running_->get_token());
    return code ? *code : no_such_job(arguments[0]);
}

int Commands::cancel(std::vector<std::string> const& arguments) {
    auto const number =
        arguments.size() == 1 ? parse_number(arguments[0], jobs_most) : std::nullopt;
    if (!number) {
        return wrong_usage("it takes the number of a job");
    }
    return jobs_.cancel(static_cast<unsigned>(*number)) ? 0 : no_such_job(arguments[0]);
}

int Commands::no_such_job(std::string const& number) const {
    return fail({Errc::usage, "there is no job " + wire::escape(number) + "; 'jobs' lists them"});
}

/// Ctrl-C is told by its own code.
int Commands::stopped_or(Error const& error) {
    int const code = fail(error);
    return running_->stop_requested() ? code_of_sigint : code;
}

int Commands::peers(std::vector<std::string> const& arguments) {
    if (!arguments.empty()) {
        return wrong_usage("it takes no arguments");
    }
    auto const peers = peer_.peers(running_->get_token());
    if (!peers) {
        return fail(peers.error());
    }
    print_peers(printer_, *peers);
    return 0;
}

int Commands::files(std::vector<std::string> const& arguments) {
    if (!arguments.empty()) {
        return wrong_usage("it takes no arguments");
    }
    if (auto const scanned = wait_for_scan(); !scanned) {
        return stopped_or(scanned.error());
    }
    auto const files = peer_.files(running_->get_token());
    if (!files) {
        return fail(files.error());
    }
    print_files(printer_, *files);
    return 0;
}

int Commands::list(std::vector<std::string> const& arguments) {
    if (arguments.size() != 1) {
        return wrong_usage("it takes one pattern (quote blanks)");
    }
    auto const files = peer_.list(arguments[0], running_->get_token());
    if (!files) {
        return fail(files.error());
    }
    print_list(printer_, *files);
    return 0;
}

int Commands::watch(std::vector<std::string> const& arguments) {
    auto const order = parse_watch(arguments);
    if (!order) {
        return wrong_usage(order.error().message);
    }
    auto const on_change = [&](auto const& change) {
        print_change(printer_, change);
        if (!printer_.good()) {
            running_->request_stop();  // nobody hears of it
        } else if (!order->exec.empty()) {
            run_command(order->exec, change);
        }
    };
    auto const ended = jobs_.follow(peer_.start_subscribe(order->what), {on_change, on_change},
                                    running_->get_token());
    return ended ? 0 : fail(ended.error());
}

/// Of a watch, for a file that can be had now.
void Commands::run_command(std::string const& command, peer::ListingChanged const& change) {
    auto const& file = change.file;
    if (change.what == peer::ListingChange::appeared ||
        change.what == peer::ListingChange::changed) {
        run_command(command,
                    {{"XFS_EVENT", std::string(word_of(change.what))},
                     {"XFS_NAME", file.name},
                     {"XFS_SIZE", std::to_string(file.size)},
                     {"XFS_ID", file.content}},
                    file.name);
    }
}

/// Of a watch, for a peer of which something is new.
void Commands::run_command(std::string const& command, peer::PeerChanged const& change) {
    auto const& peer = change.peer;
    if (change.what != peer::PeerChange::there) {
        run_command(command,
                    {{"XFS_EVENT", std::string(word_of(change.what))},
                     {"XFS_PEER", peer.id},
                     {"XFS_IP", peer.host},
                     {"XFS_PORT", std::to_string(peer.port)},
                     {"XFS_LABELS", peer.labels}},
                    wire::Endpoint{peer.host, peer.port}.to_string());
    }
}

/// That it fails is told, as something about `whom`, and ends nothing.
void Commands::run_command(std::string const& command, program::Variables const& variables,
                           std::string const& whom) {
    auto const run = run_hook(command, variables, running_->get_token());
    if (!run && run.error().code != Errc::interrupted) {
        fail({run.error().code, "'" + wire::escape(whom) + "': " + run.error().message});
    }
}

int Commands::status(std::vector<std::string> const& arguments) {
    if (!arguments.empty()) {
        return wrong_usage("it takes no arguments");
    }
    auto const status = peer_.status(running_->get_token());
    if (!status) {
        return fail(status.error());
    }
    print_status(printer_, *status);
    return 0;
}

int Commands::policy(std::vector<std::string> const& arguments) {
    if (arguments.empty()) {
        return show_policies();
    }
    if (arguments.size() != 2 || arguments[0] != "load") {
        return wrong_usage("it takes nothing, or 'load' and a plug-in");
    }
    auto const loaded = try_and_load_policy(peer_, options_.plugin_directories, arguments[1],
                                            running_->get_token());
    return loaded ? show_policies() : fail(loaded.error());
}

int Commands::show_policies() {
    auto const stop = running_->get_token();
    auto const policy = peer_.policy(stop);
    auto const chunk_order = policy ? peer_.chunk_order(stop) : policy;
    auto const upload_policy = chunk_order ? peer_.upload_policy(stop) : chunk_order;
    if (!upload_policy) {
        return fail(upload_policy.error());
    }
    print_policy(printer_, {*policy, *chunk_order, *upload_policy});
    return 0;
}

int Commands::help(std::vector<std::string> const& arguments) {
    if (arguments.empty()) {
        print_help(printer_, help_text());
        return 0;
    }
    auto const commands = table();
    auto const found = std::ranges::find(commands, arguments[0], &Command::name);
    if (found == commands.end()) {
        return wrong_usage("there is no command '" + wire::escape(arguments[0]) + "'");
    }
    print_help(printer_, help_text(*found));
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
