// Programs that are killed or stopped again and again while a transfer goes on.
#include "catch.hpp"
#include "swarm.hpp"

#include <algorithm>
#include <csignal>

using namespace xfsbus::test;

namespace {

constexpr int kills = 5;

/// Starts a source again at the port where one was killed.
void restart(Swarm const& swarm, std::unique_ptr<Source>& source, std::string const& name) {
    auto const port = source->port;
    source->process.signal(SIGKILL);
    source->process.wait();
    source = std::make_unique<Source>(swarm, name, Words{}, port);
}

/// One file at one source or more, all of which run.
class Sources {
  public:
    Sources(std::uint64_t size, Words const& names, Words const& options = {})
        : bytes(noise(size)) {
        for (auto const& name : names) {
            write_file(swarm.directory(name) / "big.bin", bytes);
            all.push_back(std::make_unique<Source>(swarm, name, options));
        }
    }

    [[nodiscard]] bool complete(std::string const& sink) const {
        return holds(swarm.directory(sink) / "big.bin", bytes);
    }

    Swarm swarm;
    std::string bytes;
    std::vector<std::unique_ptr<Source>> all;
};

Json report_of(Process const& download) {
    auto const all = events_of(download.out(), "downloaded");
    REQUIRE(all.size() == 1);
    return all[0];
}

}  // namespace

TEST_CASE("A sink that is killed again and again fetches hardly anything twice") {
    Swarm swarm;
    auto const bytes = noise(16 * mib);
    write_file(swarm.directory("a") / "big.bin", bytes);
    Shell a(swarm, "a", {"--max-upload-limit", "4M"});
    a.ask("updatelist");
    std::uint64_t has = 0;
    for (int i = 0; i < kills; ++i) {
        auto const download = swarm.start("sink", {"download big.bin"});
        wait_for_progress(*download, has + 3 * mib / 2);
        download->signal(SIGKILL);
        download->wait();
        has = bytes_done(*download);
    }
    auto const ended = swarm.in("sink", {"download big.bin"});
    CHECK(ended.code == 0);
    CHECK(holds(swarm.directory("sink") / "big.bin", bytes));
    auto const file = ended.event("downloaded");
    CHECK(file.at("bytes_resumed") >= has);
    CHECK(file.at("bytes_resumed").get<std::uint64_t>() +
              file.at("bytes_fetched").get<std::uint64_t>() ==
          bytes.size());
    // What was on its way when the sink was killed: at this rate the window is about a megabyte.
    constexpr std::uint64_t lost_most = 2 * mib;
    CHECK(a.ask_one("status").at("bytes_sent") <= bytes.size() + kills * lost_most);
}

TEST_CASE("A source that is killed and restarted again and again costs a download nothing") {
    Sources test(16 * mib, {"a", "b"});
    auto const download =
        test.swarm.start("sink", {"download big.bin"}, {"--max-download-limit", "4M"});
    for (int i = 1; i <= kills; ++i) {
        wait_for_progress(*download, static_cast<std::uint64_t>(i) * 2 * mib);
        restart(test.swarm, test.all[0], "a");
    }
    CHECK(download->wait(2 * patience) == 0);
    CHECK(test.complete("sink"));
    CHECK(bytes_from(report_of(*download), test.all[1]->port) > 0);
}

TEST_CASE("A tracker that is killed and restarted again and again does not disturb a transfer") {
    Sources test(16 * mib, {"a"});
    auto const download =
        test.swarm.start("sink", {"download big.bin"}, {"--max-download-limit", "4M", "--serve"});
    for (int i = 1; i <= kills; ++i) {
        wait_for_progress(*download, static_cast<std::uint64_t>(i) * 2 * mib);
        test.swarm.kill_tracker();
        test.swarm.start_tracker();
    }
    download->wait_for_out("\"downloaded\"");
    auto const file = report_of(*download);
    CHECK(file.at("ok") == true);
    CHECK(file.at("bytes_fetched") == test.bytes.size());
    CHECK(test.complete("sink"));
    Shell observer(test.swarm, "observer");
    eventually("the tracker knows again who has it", [&] {
        auto const found = observer.ask("find big.bin");
        return found.size() == 2 && std::ranges::all_of(found, [](auto const& source) {
                   return source.value("share_percent", 0.0) == 100;
               });
    });
}

TEST_CASE("A source that is stopped for a while during a download does no harm") {
    Sources test(12 * mib, {"a", "b"});
    auto const download =
        test.swarm.start("sink", {"download big.bin"}, {"--max-download-limit", "2M"});
    wait_for_progress(*download, mib);
    test.all[0]->process.signal(SIGSTOP);
    // More than what was asked of it: the other does its work.
    wait_for_progress(*download, 8 * mib);
    test.all[0]->process.signal(SIGCONT);
    CHECK(download->wait(2 * patience) == 0);
    CHECK(test.complete("sink"));
    CHECK(report_of(*download).at("chunks_rejected") == 0);
    test.all[0]->process.signal(SIGTERM);
    CHECK(test.all[0]->process.wait() == 0);
}

TEST_CASE("A sink that is stopped does not hold up another of the same source, and can go on") {
    Sources test(16 * mib, {"a"});
    auto const stopped =
        test.swarm.start("stopped", {"download big.bin"}, {"--max-download-limit", "4M"});
    wait_for_progress(*stopped, mib);
    stopped->signal(SIGSTOP);
    auto const other = test.swarm.in("other", {"download big.bin"});
    CHECK(other.code == 0);
    CHECK(test.complete("other"));
    // Less than it takes until the source gives the stopped one up for its silence.
    CHECK(other.event("summary").at("seconds") < 10);
    stopped->signal(SIGCONT);
    CHECK(stopped->wait(2 * patience) == 0);
    CHECK(test.complete("stopped"));
}
