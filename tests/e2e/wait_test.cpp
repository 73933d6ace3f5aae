// Downloads that wait for those who have the file.
#include "catch.hpp"
#include "swarm.hpp"

#include <csignal>

using namespace xfsbus::test;

TEST_CASE("A download that may wait begins when somebody has the file") {
    Swarm swarm;
    auto const bytes = noise(mib);
    auto const sink =
        swarm.start("sink", {"download file.bin --wait 5m"}, {"--log-level", "info", "--json-log"});
    sink->wait_for_err("\"event\":\"download-waits\"");
    write_file(swarm.directory("a") / "file.bin", bytes);
    Source const a(swarm, "a");
    CHECK(sink->wait(2 * patience) == 0);
    CHECK(holds(swarm.directory("sink") / "file.bin", bytes));
}

TEST_CASE("A download that may wait goes on when its only source is back after long") {
    Swarm swarm;
    auto const bytes = noise(8 * mib);
    write_file(swarm.directory("a") / "file.bin", bytes);
    auto a = std::make_unique<Source>(swarm, "a");
    auto const sink =
        swarm.start("sink", {"download file.bin --wait 5m"},
                    {"--max-download-limit", "2M", "--log-level", "info", "--json-log"});
    wait_for_progress(*sink);
    a.reset();
    sink->wait_until(
        "that it waits",
        [](auto const& output) { return output.err.find("download-waits") != std::string::npos; },
        2 * patience);
    Source const again(swarm, "a");
    CHECK(sink->wait(2 * patience) == 0);
    CHECK(holds(swarm.directory("sink") / "file.bin", bytes));
    auto const report = events_of(sink->out(), "downloaded").at(0);
    CHECK(report.at("bytes_resumed") > 0);
}

TEST_CASE("A download waits no longer than it may") {
    Swarm const swarm;
    auto const ended = swarm.in("sink", {"download file.bin --wait 1s"});
    CHECK(ended.code == 3);
    CHECK(swarm.in("sink", {"download file.bin --wait soon"}).code == 2);
}
