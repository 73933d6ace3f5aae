#include "catch.hpp"
#include "temp_dir.hpp"

#include <xfsbus/program/durations.hpp>
#include <xfsbus/program/logging.hpp>
#include <xfsbus/program/version.hpp>
#include <xfsbus/wire/codec.hpp>

#include <nlohmann/json.hpp>
#include <zmq.hpp>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace xfsbus;
using namespace std::chrono_literals;

namespace {

/// xfs-tracker as a process, its output in pipes.
class Program {
  public:
    explicit Program(std::vector<std::string> arguments) {
        std::array<int, 2> out{};
        std::array<int, 2> err{};
        REQUIRE(::pipe2(out.data(), O_CLOEXEC) == 0);
        REQUIRE(::pipe2(err.data(), O_CLOEXEC) == 0);
        arguments.insert(arguments.begin(), XFS_TRACKER_PROGRAM);
        std::vector<char*> words;
        for (auto& argument : arguments) {
            words.push_back(argument.data());
        }
        words.push_back(nullptr);
        posix_spawn_file_actions_t actions;
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
        ::posix_spawn_file_actions_adddup2(&actions, err[1], STDERR_FILENO);
        int const failed =
            ::posix_spawn(&pid_, XFS_TRACKER_PROGRAM, &actions, nullptr, words.data(), environ);
        ::posix_spawn_file_actions_destroy(&actions);
        ::close(out[1]);
        ::close(err[1]);
        out_ = ::fdopen(out[0], "r");
        err_ = ::fdopen(err[0], "r");
        REQUIRE(failed == 0);
    }

    ~Program() {
        std::fclose(out_);
        std::fclose(err_);
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
        }
    }

    Program(Program const&) = delete;
    Program& operator=(Program const&) = delete;

    void signal(int number) const { ::kill(pid_, number); }

    std::string line() { return read_line(out_); }

    std::string error_line() { return read_line(err_); }

    /// The exit code, once it has ended.
    int wait() {
        int status = 0;
        REQUIRE(::waitpid(pid_, &status, 0) == pid_);
        pid_ = -1;
        REQUIRE(WIFEXITED(status));
        return WEXITSTATUS(status);
    }

  private:
    static std::string read_line(std::FILE* file) {
        std::string line;
        for (int c = std::fgetc(file); c != EOF && c != '\n'; c = std::fgetc(file)) {
            line += static_cast<char>(c);
        }
        return line;
    }

    pid_t pid_ = -1;
    std::FILE* out_ = nullptr;
    std::FILE* err_ = nullptr;
};

std::string const ready = "xfs-tracker: ready on ";

/// Says something to a tracker, and waits for what it answers.
class Speaker {
  public:
    explicit Speaker(std::string const& address) : socket_(context_, ZMQ_DEALER) {
        constexpr int patience_ms = 20'000;
        socket_.set(zmq::sockopt::linger, 0);
        socket_.set(zmq::sockopt::rcvtimeo, patience_ms);
        socket_.connect(address);
    }

    template <typename Answer>
    Answer ask(wire::Message const& question) {
        auto const frames = wire::encode(question, 1);
        socket_.send(zmq::buffer(frames.header), zmq::send_flags::sndmore);
        socket_.send(zmq::buffer(frames.body), zmq::send_flags::none);
        while (true) {
            zmq::message_t header;
            zmq::message_t body;
            REQUIRE((socket_.recv(header) && socket_.recv(body)));
            auto decoded = wire::decode(header.to_string_view(), body.to_string_view());
            auto* const envelope = std::get_if<wire::Envelope>(&decoded);
            REQUIRE(envelope != nullptr);
            if (auto* const answer = std::get_if<Answer>(&envelope->message)) {
                return std::move(*answer);
            }
        }
    }

  private:
    zmq::context_t context_;
    zmq::socket_t socket_;
};

std::vector<nlohmann::json> records_of(std::filesystem::path const& trace) {
    std::vector<nlohmann::json> records;
    std::ifstream stream(trace);
    for (std::string line; std::getline(stream, line);) {
        records.push_back(nlohmann::json::parse(line));
    }
    return records;
}

}  // namespace

TEST_CASE("durations are read as people type them") {
    auto const read = [](char const* text) { return *program::parse_duration(text); };
    CHECK(read("500ms") == 500ms);
    CHECK(read("3s") == 3s);
    CHECK(read("1m") == 1min);
    CHECK(read("2h") == 2h);
    CHECK(read("7d") == 168h);
    CHECK(read("1.5s") == 1500ms);
    CHECK(read("0") == 0ms);
    CHECK(read("7") == 7s);
}

TEST_CASE("what is no duration is refused with a sentence that names it") {
    for (auto const* text :
         {"", "s", "-1s", "3 s", "3w", "400d", "1e3s", "nan", "inf", "9999999h", "3s "}) {
        auto const duration = program::parse_duration(text);
        INFO(text);
        REQUIRE_FALSE(duration.ok());
        CHECK(duration.error().code == Errc::usage);
        CHECK(duration.error().message.find(text) != std::string::npos);
    }
}

TEST_CASE("log levels have the usual names") {
    CHECK(program::parse_log_level("warn") == LogLevel::warning);
    CHECK(program::parse_log_level("debug") == LogLevel::debug);
    CHECK_FALSE(program::parse_log_level("loud"));
}

TEST_CASE("the version line names the program, the protocol and the library") {
    CHECK(program::version_line("xfs-x", "4.3.4").ends_with(" (protocol 1, libzmq 4.3.4)"));
    CHECK(program::version_line("xfs-x", "4.3.4").starts_with("xfs-x "));
}

TEST_CASE("xfs-tracker says where it is ready and ends cleanly when told to") {
    int const signal = GENERATE(SIGINT, SIGTERM, SIGHUP);
    Program tracker({"--bind", "127.0.0.1:0", "-q"});
    auto const line = tracker.line();
    CHECK(line.starts_with(ready + "tcp://127.0.0.1:"));
    tracker.signal(signal);
    CHECK(tracker.line().empty());
    CHECK(tracker.error_line().empty());
    CHECK(tracker.wait() == 0);
}

TEST_CASE("xfs-tracker writes down which sources its answers name, and by which rule") {
    xfsbus::test::TempDir const temp;
    auto const trace = temp.path() / "trace";
    Program tracker({"--bind", "127.0.0.1:0", "-q", "--trace", trace.string()});
    auto const address = tracker.line().substr(ready.size());
    Speaker peer(address);
    auto const epoch =
        peer.ask<wire::Registered>(wire::Register{{}, {"127.0.0.1", 9}, 1000, "rack=2"}).epoch;
    peer.ask<wire::Updated>(wire::Update{epoch, 1, true, true, {{"a", {}, 5}}, {}});
    Speaker asker(address);
    CHECK(asker.ask<wire::Found>(wire::Find{wire::FindBy::name, "a", "", 0}).files.size() == 1);
    tracker.signal(SIGTERM);
    CHECK(tracker.wait() == 0);
    auto const records = records_of(trace);
    REQUIRE(records.size() == 3);
    CHECK(records[0].at("record") == "trace");
    CHECK(records[0].at("format") == 1);
    CHECK(records[0].at("of") == "tracker");
    CHECK(records[0].at("handout").at("name") == "mixed");
    auto const& handed = records[1];
    CHECK(handed.at("record") == "handed_out");
    CHECK(handed.at("name") == "a");
    CHECK(handed.at("asker_host") == "127.0.0.1");
    CHECK(handed.at("by") == "name");
    CHECK(handed.at("rule") == "all");
    CHECK(handed.at("known") == 1);
    REQUIRE(handed.at("sources").size() == 1);
    CHECK(handed.at("sources")[0].at("peer") == "127.0.0.1:9");
    CHECK(handed.at("sources")[0].at("labels") == "rack=2");
    CHECK(handed.at("sources")[0].at("have_ppm") == wire::complete_ppm);
    CHECK(records[2] == nlohmann::json({{"record", "end"}, {"records", 2}, {"dropped", 0}}));
}

TEST_CASE("a disk that is full ends the trace with one word, and the tracker goes on") {
    Program tracker({"--bind", "127.0.0.1:0", "-q", "--json-log", "--trace", "/dev/full"});
    auto const address = tracker.line().substr(ready.size());
    auto const said = nlohmann::json::parse(tracker.error_line());
    CHECK(said.at("event") == "trace-ended");
    CHECK(said.at("why") == "No space left on device");
    Speaker asker(address);
    CHECK(asker.ask<wire::Found>(wire::Find{wire::FindBy::name, "a", "", 0}).files.empty());
    tracker.signal(SIGTERM);
    CHECK(tracker.error_line().empty());
    CHECK(tracker.wait() == 0);
}

TEST_CASE("a trace that cannot be begun is an error, and so is one that is too small") {
    Program nowhere({"--bind", "127.0.0.1:0", "--trace", "/nowhere/trace"});
    CHECK(nowhere.wait() == 9);
    CHECK(nowhere.error_line() ==
          "xfs-tracker: cannot write the trace '/nowhere/trace': No such file or directory");
    Program small({"--trace", "/dev/null", "--trace-size", "1K"});
    CHECK(small.wait() == 2);
    CHECK(small.error_line().find("--trace-size: at least 1M") != std::string::npos);
}

TEST_CASE("xfs-tracker on an address in use says so in one line and exits with 6") {
    Program first({"--bind", "tcp://127.0.0.1:0"});
    auto const endpoint = first.line().substr(ready.size());
    Program second({"--bind", endpoint});
    CHECK(second.wait() == 6);
    CHECK(second.line().empty());
    auto const complaint = second.error_line();
    CHECK(complaint.starts_with("xfs-tracker: "));
    CHECK(complaint.find("in use") != std::string::npos);
    CHECK(second.error_line().empty());
}

TEST_CASE("xfs-tracker asked wrongly says what is wrong and exits with 2") {
    using Arguments = std::vector<std::string>;
    auto const arguments = GENERATE(
        Arguments{"--bind", "nonsense"}, Arguments{"--peer-ttl", "199ms"},
        Arguments{"--memory", "1023K"}, Arguments{"--memory", "much"},
        Arguments{"--peer-ttl", "soon"}, Arguments{"--unknown"}, Arguments{"--log-level", "loud"},
        Arguments{"-q", "-v"}, Arguments{"--config", "/no/such/file"});
    Program tracker(arguments);
    CHECK(tracker.wait() == 2);
    CHECK(tracker.line().empty());
    CHECK(tracker.error_line().starts_with("xfs-tracker: "));
}

TEST_CASE("xfs-tracker tells its version, and its help begins with examples") {
    Program version({"--version"});
    CHECK(version.line().starts_with("xfs-tracker "));
    CHECK(version.wait() == 0);
    Program help({"--help"});
    std::string text;
    for (int i = 0; i < 5; ++i) {
        text += help.line() + "\n";
    }
    CHECK(text.find("Examples:") != std::string::npos);
    CHECK(help.wait() == 0);
}

TEST_CASE("a log in JSON has one object a line") {
    Program tracker({"--bind", "127.0.0.1:0", "--json-log"});
    CHECK(tracker.line().starts_with(ready));
    tracker.signal(SIGTERM);
    CHECK(tracker.error_line().find("\"event\":\"ready\"") != std::string::npos);
    auto const line = tracker.error_line();
    CHECK(line.starts_with("{\"time\":\""));
    CHECK(
        line.ends_with("\"level\":\"info\",\"program\":\"xfs-tracker\",\"event\":\"stopping\","
                       "\"message\":\"stopping\"}"));
    CHECK(tracker.wait() == 0);
}
