#include "swarm.hpp"

#include <algorithm>
#include <csignal>
#include <fstream>
#include <random>
#include <sstream>
#include <stdexcept>
#include <utility>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

namespace xfsbus::test {
namespace {

std::string const ready = "xfs-tracker: ready on ";

Words with(Words first, Words const& second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
}

}  // namespace

std::vector<Json> events_of(std::string_view text) {
    std::vector<Json> events;
    for (auto end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
        events.push_back(Json::parse(text.substr(0, end)));
        text.remove_prefix(end + 1);
    }
    return events;
}

std::vector<Json> events_of(std::string_view text, std::string_view kind) {
    auto events = events_of(text);
    std::erase_if(events, [&](auto const& event) { return event.at("event") != kind; });
    return events;
}

Json Ended::event(std::string_view kind) const {
    auto const all = events(kind);
    if (all.size() != 1) {
        throw std::runtime_error("not one '" + std::string(kind) + "' but " +
                                 std::to_string(all.size()) + ", exit code " +
                                 std::to_string(code) + "\n-- stdout:\n" + out + "\n-- stderr:\n" +
                                 err);
    }
    return all[0];
}

// ---- Swarm ----

Swarm::Swarm(Tracker tracker) {
    if (tracker == Tracker::up) {
        endpoint_ = "tcp://" + at(0);
        start_tracker();
    } else {
        endpoint_ = SilentPort().endpoint();
    }
}

std::filesystem::path Swarm::directory(std::string const& name) const {
    auto path = temp_.path() / name;
    std::filesystem::create_directories(path);
    return path;
}

void Swarm::start_tracker() {
    tracker_ = std::make_unique<Process>(
        XFS_TRACKER_PROGRAM, Process::Options{{"--bind", endpoint_}, {}, directory("home"), {}});
    tracker_->wait_for_out("\n");
    auto const line = tracker_->out();
    endpoint_ = line.substr(ready.size(), line.find('\n') - ready.size());
}

void Swarm::kill_tracker() {
    tracker_->signal(SIGKILL);
    tracker_->wait();
}

Process::Options Swarm::peer(Words arguments) const {
    arguments.insert(arguments.begin(), {"--tracker", endpoint_});
    return {std::move(arguments), {}, directory("home"), {}};
}

Ended Swarm::run(Words const& arguments) const {
    return run_to_end(XFS_PEER_PROGRAM, peer(arguments));
}

Words Swarm::arguments(std::string const& name, Words const& commands, Words options) const {
    options.insert(options.begin(), {"--json", "--dir", directory(name).string()});
    for (auto const& command : commands) {
        options.insert(options.end(), {"-c", command});
    }
    return options;
}

Ended Swarm::in(std::string const& name, Words const& commands, Words const& options) const {
    return run(arguments(name, commands, options));
}

std::unique_ptr<Process> Swarm::start(std::string const& name, Words const& commands,
                                      Words const& options) const {
    return std::make_unique<Process>(XFS_PEER_PROGRAM, peer(arguments(name, commands, options)));
}

Ended run_to_end(std::string const& program, Process::Options options) {
    Process process(program, std::move(options));
    process.close_input();
    int const code = process.wait(2 * patience);
    return {code, process.out(), process.err()};
}

// ---- peers ----

std::string const& host() {
    static std::string const address = [] {
        auto const process = static_cast<std::uint32_t>(::getpid());
        auto const byte = [&](unsigned shift) { return std::to_string(process >> shift & 0xffU); };
        return "127." + std::to_string(64 + (process >> 16U) % 64) + "." + byte(8) + "." + byte(0);
    }();
    return address;
}

std::string at(std::uint16_t port) {
    return host() + ":" + std::to_string(port);
}

std::string apart(std::uint16_t port) {
    return host() + " " + std::to_string(port);
}

sockaddr_in address_at(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    ::inet_pton(AF_INET, host().c_str(), &address.sin_addr);
    return address;
}

Source::Source(Swarm const& swarm, std::string const& name, Words const& options,
               std::uint16_t wanted_port)
    : directory(swarm.directory(name)),
      process(XFS_PEER_PROGRAM, swarm.peer(with({host(), std::to_string(wanted_port),
                                                 directory.string(), "--serve", "--json"},
                                                options))) {
    process.wait_for_out("\n");
    port = events_of(process.out()).front().at("port");
}

Shell::Shell(Swarm const& swarm, std::string const& name, Words const& options)
    : directory_(swarm.directory(name)),
      process_(XFS_PEER_PROGRAM,
               swarm.peer(with({host(), "0", directory_.string(), "--json"}, options))) {
    process_.wait_until("that it is ready", [](auto const& output) {
        return events_of(output.out, "ready").size() == 1;
    });
    port_ = events_of(process_.out(), "ready").at(0).at("port");
    answers_ = 1;
}

void Shell::begin(std::string const& command) {
    // A status after it shows where its answers end.
    command_ = command;
    statuses_ += command == "status" ? 2 : 1;
    process_.type(command + "\nstatus\n");
}

std::vector<Json> Shell::finish() {
    process_.wait_until(
        "the answers to " + command_,
        [&](auto const& output) {
            return output.out.ends_with('\n') &&
                   events_of(output.out, "status").size() == statuses_;
        },
        2 * patience);
    auto events = events_of(process_.out());
    auto const before = static_cast<std::ptrdiff_t>(std::exchange(answers_, events.size()));
    return {events.begin() + before, events.end() - 1};
}

std::vector<Json> Shell::ask(std::string const& command) {
    begin(command);
    return finish();
}

Json Shell::finish_download() {
    auto const answers = finish();
    auto const report = std::ranges::find(answers, "downloaded", [](auto const& answer) {
        return answer.at("event").template get<std::string>();
    });
    if (report == answers.end()) {
        throw std::runtime_error("'" + command_ + "' has no report: " + Json(answers).dump());
    }
    return *report;
}

Json Shell::ask_one(std::string const& command) {
    auto const answers = ask(command);
    if (answers.size() != 1) {
        throw std::runtime_error("'" + command + "' has " + std::to_string(answers.size()) +
                                 " answers");
    }
    return answers[0];
}

namespace {

std::uint64_t last_progress(std::string_view out) {
    auto const steps = events_of(out, "progress");
    return steps.empty() ? 0 : steps.back().at("bytes_done").get<std::uint64_t>();
}

}  // namespace

std::uint64_t bytes_done(Process const& download) {
    return last_progress(download.out());
}

void wait_for_progress(Process& download, std::uint64_t bytes) {
    download.wait_until("progress",
                        [&](auto const& output) { return last_progress(output.out) >= bytes; });
    if (!events_of(download.out(), "downloaded").empty()) {
        throw std::runtime_error("the download is over too soon");
    }
}

std::uint64_t bytes_from(Json const& downloaded, std::uint16_t port) {
    std::uint64_t bytes = 0;
    for (auto const& source : downloaded.at("sources")) {
        if (source.at("peer") == at(port)) {
            bytes += source.at("bytes").get<std::uint64_t>();
        }
    }
    return bytes;
}

// ---- files ----

std::string noise(std::uint64_t size, unsigned seed) {
    std::mt19937_64 random(seed);
    std::string bytes;
    bytes.reserve(size + sizeof(std::uint64_t));
    while (bytes.size() < size) {
        auto const word = random();
        bytes.append(reinterpret_cast<char const*>(&word), sizeof word);
    }
    bytes.resize(size);
    return bytes;
}

void write_file(std::filesystem::path const& path, std::string_view bytes) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    if (!(file << bytes << std::flush)) {
        throw std::runtime_error("cannot write " + path.string());
    }
}

std::string read_file(std::filesystem::path const& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream bytes;
    bytes << file.rdbuf();
    return std::move(bytes).str();
}

bool holds(std::filesystem::path const& path, std::string_view bytes) {
    return std::filesystem::is_regular_file(path) && read_file(path) == bytes;
}

// ---- SilentPort ----

SilentPort::SilentPort() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    auto address = address_at(0);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    if (socket_ < 0 || ::bind(socket_, generic, size) != 0 ||
        ::getsockname(socket_, generic, &size) != 0) {
        throw std::runtime_error("cannot have a port");
    }
    port_ = ntohs(address.sin_port);
}

SilentPort::~SilentPort() {
    ::close(socket_);
}

}  // namespace xfsbus::test
