// Far more sinks than a source has descriptors for. Takes minutes and several GiB of memory:
//   build/release/bin/test_e2e "[.many]"
#include "catch.hpp"
#include "swarm.hpp"

#include <xfsbus/bus/reactor.hpp>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

using namespace xfsbus::test;

namespace {

constexpr unsigned descriptors = 1024;
constexpr std::size_t sinks = 500;
constexpr auto time_most = std::chrono::minutes(5);

/// Looks now and then what a process takes, as long as this lives.
class Usage {
  public:
    explicit Usage(pid_t pid)
        : proc_("/proc/" + std::to_string(pid)), thread_([this](std::stop_token const& stop) {
              while (!stop.stop_requested()) {
                  most_ = std::max(most_, descriptors_now());
                  std::this_thread::sleep_for(std::chrono::milliseconds(20));
              }
          }) {}

    std::size_t descriptors_most() {
        thread_ = {};
        return most_;
    }

    /// "VmHWM:  12345 kB"
    [[nodiscard]] std::string memory_most() const {
        std::istringstream lines(read_file(proc_ / "status"));
        for (std::string line; std::getline(lines, line);) {
            if (line.starts_with("VmHWM")) {
                return line;
            }
        }
        return {};
    }

  private:
    [[nodiscard]] std::size_t descriptors_now() const {
        std::error_code error;
        std::filesystem::directory_iterator const all(proc_ / "fd", error);
        return static_cast<std::size_t>(std::distance(begin(all), end(all)));
    }

    std::filesystem::path proc_;
    std::size_t most_ = 0;
    std::jthread thread_;  // last: it uses the others
};

struct Sink {
    std::filesystem::path directory;
    std::unique_ptr<Process> process;
};

/// `share`: they fetch from each other, too.
std::vector<Sink> start_sinks(Swarm const& swarm, bool share) {
    std::vector<Sink> all;
    for (std::size_t i = 0; i < sinks; ++i) {
        Sink sink{swarm.directory("sink" + std::to_string(i)), nullptr};
        Words words = {"--json", "--no-cache", "-c", "download big.bin -s 24"};
        if (share) {
            words.insert(words.end(), {"--dir", sink.directory.string()});
        }
        auto options = swarm.peer(std::move(words));
        options.directory = sink.directory;
        sink.process = std::make_unique<Process>(XFS_PEER_PROGRAM, std::move(options));
        sink.process->close_input();
        all.push_back(std::move(sink));
    }
    return all;
}

void fetch_with_all(bool share) {
    if (xfsbus::bus::raise_file_limit() < 4 * sinks) {
        FAIL("needs a higher limit of open files: ulimit -n");
    }
    Swarm swarm;
    auto const bytes = noise(4 * mib);
    write_file(swarm.directory("a") / "big.bin", bytes);
    // Slow enough for all to be there before the first have what they want.
    auto options = swarm.peer({host(), "0", swarm.directory("a").string(), "--serve", "--json",
                               "--max-upload-limit", "40M"});
    options.descriptors = descriptors;
    Process source(XFS_PEER_PROGRAM, std::move(options));
    source.wait_for_out("ready");
    Usage usage(source.pid());
    auto const begin = std::chrono::steady_clock::now();
    auto all = start_sinks(swarm, share);
    auto const started = std::chrono::steady_clock::now();
    std::size_t good = 0;
    std::size_t lost = 0;
    int told = 0;
    for (auto& sink : all) {
        int const code = sink.process->wait(time_most);
        bool const right = code == 0 && holds(sink.directory / "big.bin", bytes);
        good += right ? 1 : 0;
        auto const out = sink.process->out();
        lost += out.find("connection was lost") != std::string::npos ? 1 : 0;
        if (!right && told++ < 3) {
            std::cout << out.substr(out.size() - std::min<std::size_t>(out.size(), 2000))
                      << sink.process->err();
        }
    }
    auto const ended = std::chrono::steady_clock::now();
    std::chrono::duration<double> const start_s = started - begin;
    std::chrono::duration<double> const all_s = ended - begin;
    std::cout << sinks << " sinks: started within " << start_s.count() << " s, all over after "
              << all_s.count() << " s, lost a connection: " << lost << "; the source had "
              << usage.descriptors_most() << " descriptors, " << usage.memory_most() << "\n"
              << source.err();
    CHECK(good == sinks);
    CHECK(usage.descriptors_most() < descriptors);
}

}  // namespace

TEST_CASE("Five hundred sinks are all served by one source of a thousand descriptors", "[.many]") {
    fetch_with_all(false);
}

TEST_CASE("Five hundred sinks of one source have everything when they serve each other, too",
          "[.many]") {
    fetch_with_all(true);
}
