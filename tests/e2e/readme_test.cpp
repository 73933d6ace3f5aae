// Every block of commands in the README, word for word, on machines of their own.
#include "catch.hpp"
#include "hosts.hpp"
#include "swarm.hpp"

#include <algorithm>
#include <map>
#include <sstream>

using namespace xfsbus::test;
namespace fs = std::filesystem;

namespace {

/// What stands between two fences.
struct Block {
    std::string language;
    std::string text;

    /// Of commands: the machines, and the directory below the home if it says one.
    [[nodiscard]] std::string hosts() const {
        auto const first = text.substr(0, text.find('\n'));
        if (!first.starts_with("# on ")) {
            throw std::runtime_error("a block does not say on which machine it runs: " + first);
        }
        return first.substr(5, first.find(',') - 5);
    }

    [[nodiscard]] std::string directory() const {
        auto const first = text.substr(0, text.find('\n'));
        auto const at = first.find(", in ");
        return at == std::string::npos ? "" : first.substr(at + 5);
    }

    [[nodiscard]] bool contains(std::string_view what) const {
        return text.find(what) != std::string::npos;
    }
};

std::vector<Block> blocks_of(std::string const& page) {
    std::vector<Block> blocks;
    std::istringstream lines(page);
    bool within = false;
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("```")) {
            within = !within;
            if (within) {
                blocks.push_back({line.substr(3), ""});
            }
        } else if (within) {
            blocks.back().text += line + "\n";
        }
    }
    return blocks;
}

/// What a user types at the prompt.
std::string typed(Block const& session) {
    std::string words;
    std::istringstream lines(session.text);
    for (std::string line; std::getline(lines, line);) {
        words += line.substr(std::string_view("xfs> ").size()) + "\n";
    }
    return words;
}

/// Machines A, B and C, each with a home.
class Machines {
  public:
    [[nodiscard]] std::string const& problem() const { return hosts_.problem(); }

    [[nodiscard]] fs::path home(std::string const& machine) const {
        auto const path = temp_.path() / ("home-" + machine);
        fs::create_directories(path);
        return path;
    }

    /// In a shell as a user has it, with the programs and the library installed. All that it leaves
    /// running ends with it.
    std::unique_ptr<Process> run(std::string const& machine, Block const& block) const {
        auto const directory = home(machine) / block.directory();
        auto const text = "set -e\nexport PATH=" + prefix().string() + "/bin:$PATH\n" +
                          "export CMAKE_PREFIX_PATH=" + prefix().string() +
                          // It is not where it was configured to be installed.
                          "\nexport XFS_PLUGIN_PATH=" + prefix().string() + "/lib/xfsbus/plugins" +
                          "\ncd '" + directory.string() + "'\n" + block.text;
        return hosts_.start(
            static_cast<unsigned>(machine.front() - 'A' + 1), "/usr/bin/unshare",
            {"--pid", "--fork", "--kill-child", "--mount-proc", "/bin/bash", "-c", text},
            home(machine));
    }

    [[nodiscard]] fs::path prefix() const { return temp_.path() / "usr"; }

    void install() const {
        auto const ended = run_to_end(
            XFS_CMAKE, {.arguments = {"--install", XFS_BUILD, "--prefix", prefix().string()},
                        .environment = {},
                        .home = home("A")});
        REQUIRE(ended.code == 0);
        fs::copy(XFS_EXAMPLES, home("B") / "examples", fs::copy_options::recursive);
    }

  private:
    TempDir temp_;
    Hosts hosts_{3};
};

}  // namespace

TEST_CASE("Every command in the README does what it says, on the machines that it names") {
    Machines const machines;
    if (!machines.problem().empty()) {
        WARN("not tested: machines of their own: " << machines.problem());
        return;
    }
    machines.install();
    auto const model = noise(3 * mib);
    write_file(machines.home("A") / "data" / "model.bin", model);
    write_file(machines.home("A") / "data" / "pictures" / "a.jpg", "a picture");
    auto const blocks = blocks_of(read_file(XFS_README));
    std::vector<std::unique_ptr<Process>> running;
    std::size_t run = 0;
    for (auto block = blocks.begin(); block != blocks.end(); ++block) {
        // A sanitizer's library wants programs that are built with it, and more address space than
        // a run of the lab may have.
        bool const foreign =
            XFS_INSTRUMENTED && (block->contains("cmake") || block->contains("xfs-lab"));
        if (block->language != "sh" || foreign) {
            continue;
        }
        INFO(block->text);
        std::string const hosts = block->hosts();
        for (auto const* machine : {"A", "B", "C"}) {
            if (hosts.find(machine) == std::string::npos) {
                continue;
            }
            ++run;
            auto process = machines.run(machine, *block);
            if (block->contains("--serve")) {
                process->wait_for_out("xfs-peer: ready on");
                running.push_back(std::move(process));
                continue;
            }
            auto const next = std::next(block);
            if (next != blocks.end() && next->text.starts_with("xfs> ")) {
                process->type(typed(*next));
            }
            process->close_input();
            int const code = process->wait(3 * patience);
            INFO(process->out() << process->err());
            CHECK(code == 0);
        }
    }
    CHECK(run >= 5);
    auto const b = machines.home("B");
    std::vector<fs::path> copies{b / "model.bin", b / "in" / "model.bin",
                                 b / "models" / "model.bin",
                                 machines.home("C") / "models" / "model.bin"};
    if (!XFS_INSTRUMENTED) {
        copies.insert(copies.end(),
                      {b / "examples" / "policy" / "by-rack.bin",
                       b / "examples" / "policy" / "by-chance.bin", b / "fetched" / "model.bin"});
    }
    for (auto const& copy : copies) {
        INFO(copy);
        CHECK(holds(copy, model));
    }
    CHECK(read_file(b / "pictures" / "a.jpg") == "a picture");
}
