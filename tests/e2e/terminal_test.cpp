// The shell in a terminal.
#include "catch.hpp"
#include "swarm.hpp"

#include <csignal>

using namespace xfsbus::test;

namespace {

constexpr auto const* up_arrow = "\x1b[A";
constexpr auto const* ctrl_c = "\x03";
constexpr auto const* ctrl_d = "\x04";

/// A peer in a terminal, with one file of its own.
class Terminal {
  public:
    explicit Terminal(Swarm const& swarm, Words const& options = {})
        : swarm_(swarm), process_(XFS_PEER_PROGRAM, in_terminal(options)) {
        wait_for_prompt();
    }

    /// Types, and waits until this is shown after it.
    void type(std::string_view keys, std::string const& shown) {
        auto const from = process_.out().size();
        process_.type(keys);
        process_.wait_until(
            "'" + shown + "' after '" + std::string(keys) + "'",
            [&](auto const& output) { return output.out.find(shown, from) != std::string::npos; });
    }

    /// One more prompt than before.
    void wait_for_prompt() {
        process_.wait_until("a prompt", [this](auto const& output) {
            auto const at = output.out.find("xfs> ", seen_);
            if (at != std::string::npos) {
                seen_ = at + 1;
            }
            return at != std::string::npos;
        });
    }

    /// All prompts so far are old ones.
    void forget_prompts() { seen_ = process_.out().size(); }

    Process& process() { return process_; }

  private:
    [[nodiscard]] Process::Options in_terminal(Words const& options) const {
        auto peer = swarm_.peer({host(), "0", swarm_.directory("typed").string()});
        peer.arguments.insert(peer.arguments.end(), options.begin(), options.end());
        peer.terminal = true;
        return peer;
    }

    Swarm const& swarm_;
    Process process_;
    std::size_t seen_ = 0;
};

}  // namespace

TEST_CASE("In a terminal a prompt appears, and a command is answered") {
    Swarm swarm;
    Terminal terminal(swarm);
    CHECK(terminal.process().out().find("ready on tcp://" + host() + ":") != std::string::npos);
    terminal.type("status\r", "listens on  " + host() + ":");
    terminal.wait_for_prompt();
    terminal.type("help\r", "updatelist");
}

TEST_CASE("In a terminal tables have headers") {
    Swarm swarm;
    write_file(swarm.directory("a") / "file.txt", "table");
    Source const a(swarm, "a");
    Terminal terminal(swarm);
    terminal.type("find file.txt\r", "LATENCY_MS");
    terminal.type("peers\r", "HEARD_MS_AGO");
}

TEST_CASE("In a terminal the up arrow brings the last command back, also of the last session") {
    Swarm swarm;
    {
        Terminal terminal(swarm);
        terminal.type("find nothing\r", "no peer that is up has 'nothing'");
        terminal.wait_for_prompt();
        terminal.type(std::string(up_arrow) + "\r", "no peer that is up has 'nothing'");
        terminal.process().type("exit\r");
        CHECK(terminal.process().wait() == 0);
    }
    Terminal again(swarm);
    again.type(std::string(up_arrow) + up_arrow + "\r", "no peer that is up has 'nothing'");
}

TEST_CASE("In a terminal tab completes commands and the names that peers share") {
    Swarm swarm;
    write_file(swarm.directory("a") / "unusual-name.txt", "tab");
    write_file(swarm.directory("a") / "two words.txt", "tab");
    Source const a(swarm, "a");
    Terminal terminal(swarm);
    terminal.type("statu\t\r", "listens on");
    terminal.wait_for_prompt();
    terminal.type("download unu\t\r", "unusual-name.txt: 3 B verified");
    CHECK(holds(swarm.directory("typed") / "unusual-name.txt", "tab"));
}

TEST_CASE("In a terminal a download shows its progress, and Ctrl-C brings the prompt back") {
    Swarm swarm;
    write_file(swarm.directory("a") / "big.bin", noise(16 * mib));
    Source const a(swarm, "a");
    Terminal terminal(swarm, {"--max-download-limit", "1M"});
    terminal.forget_prompts();
    terminal.type("download big.bin\r", "ETA");
    CHECK(terminal.process().out().find("big.bin [") != std::string::npos);
    terminal.forget_prompts();
    terminal.type(ctrl_c, "interrupted; the same command goes on where it stopped");
    terminal.wait_for_prompt();
    terminal.type("status\r", "listens on");
    terminal.process().type("exit\r");
    CHECK(terminal.process().wait() == 0);
    CHECK_FALSE(std::filesystem::exists(swarm.directory("typed") / "big.bin"));
}

TEST_CASE("Ctrl-C at the prompt leaves with 130") {
    Swarm swarm;
    Terminal terminal(swarm);
    terminal.process().type(ctrl_c);
    CHECK(terminal.process().wait() == 130);
}

TEST_CASE("Ctrl-C at the prompt drops what was typed, and jobs go on; exit cancels them") {
    Swarm swarm;
    write_file(swarm.directory("a") / "big.bin", noise(16 * mib));
    Source const a(swarm, "a");
    Terminal terminal(swarm, {"--max-download-limit", "1M"});
    terminal.type("download big.bin &\r", "running");
    terminal.wait_for_prompt();
    terminal.forget_prompts();
    terminal.process().type("find not-this");
    terminal.process().type(ctrl_c);
    terminal.wait_for_prompt();
    terminal.type("jobs\r", "download big.bin");
    terminal.wait_for_prompt();
    // It ends a wait, not what is waited for.
    terminal.forget_prompts();
    terminal.type("wait 1\r", "ETA");
    terminal.process().type(ctrl_c);
    terminal.wait_for_prompt();
    terminal.type("jobs\r", "running");
    terminal.wait_for_prompt();
    terminal.type("exit\r", "1 job was cancelled");
    CHECK(terminal.process().wait() == 0);
}

TEST_CASE("Ctrl-D at the prompt leaves with 0, and so does exit") {
    Swarm swarm;
    auto const keys = GENERATE(as<std::string>{}, ctrl_d, "exit\r");
    Terminal terminal(swarm);
    terminal.process().type(keys);
    CHECK(terminal.process().wait() == 0);
}

TEST_CASE("Names from the network cannot drive the terminal") {
    Swarm swarm;
    write_file(swarm.directory("a") / "bidi-\u202egnp.exe", "override");
    Source const a(swarm, "a");
    Terminal terminal(swarm);
    terminal.type("find 'bidi*'\r", "bidi-");
    CHECK(terminal.process().out().find("\u202e") == std::string::npos);
}

TEST_CASE("A log on a terminal has colours, unless NO_COLOR is set to something") {
    auto const [variable, colours] = GENERATE(
        table<std::string, bool>({{"NO_COLOR=", true}, {"NO_COLOR=1", false}, {"OTHER=", true}}));
    INFO(variable);
    TempDir const home;
    Process::Options options{{"--bind", "tcp://127.0.0.1:0"}, {variable}, home.path(), {}};
    options.terminal = true;
    Process tracker(XFS_TRACKER_PROGRAM, options);
    tracker.wait_for_out("ready on");
    tracker.signal(SIGTERM);
    CHECK(tracker.wait() == 0);
    CHECK_THAT(tracker.out(), ContainsSubstring("stopping"));
    CHECK((tracker.out().find("\x1b[") != std::string::npos) == colours);
}
