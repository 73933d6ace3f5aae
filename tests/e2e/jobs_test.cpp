// Downloads and pushes that go on beside the prompt.
#include "catch.hpp"
#include "swarm.hpp"

#include <csignal>

using namespace xfsbus::test;

namespace {

/// The events of a job, in order.
std::vector<Json> events_of_job(Process const& process, unsigned job) {
    auto all = events_of(process.out());
    std::erase_if(all, [&](auto const& event) { return event.value("job", 0U) != job; });
    return all;
}

bool is_over(Process::Output const& output, unsigned job) {
    for (auto const& event : events_of(output.out, "job")) {
        if (event.at("job") == job && event.at("state") != "running") {
            return true;
        }
    }
    return false;
}

}  // namespace

TEST_CASE("A policy is swapped while a download goes on, which it decides from then on") {
    Swarm swarm;
    auto const bytes = noise(6 * mib);
    write_file(swarm.directory("a") / "file.bin", bytes);
    write_file(swarm.directory("b") / "file.bin", bytes);
    Source const a(swarm, "a");
    Source const b(swarm, "b");
    auto const peer = swarm.start("c", {}, {"--max-download-limit", "1M"});
    peer->type("download file.bin &\n");
    wait_for_progress(*peer);
    peer->type("policy load librandom.so\n");
    peer->wait_for_out("\"event\":\"policy\"");
    CHECK(events_of(peer->out(), "policy").back().at("name") == "random");
    CHECK_FALSE(is_over(peer->output(), 1));
    // It decides, and the download goes on meanwhile.
    std::size_t asked = 1;
    eventually("a decision of the new policy", [&] {
        peer->type("policy\n");
        ++asked;
        peer->wait_until("its answer", [&](auto const& output) {
            return events_of(output.out, "policy").size() == asked;
        });
        return events_of(peer->out(), "policy").back().at("picks") > 0;
    });
    peer->type("wait 1\n");
    peer->close_input();
    CHECK(peer->wait(2 * patience) == 0);
    CHECK(holds(swarm.directory("c") / "file.bin", bytes));
    auto const events = events_of_job(*peer, 1);
    CHECK(events.front().at("state") == "running");
    CHECK(events.back().at("event") == "summary");
}

TEST_CASE("Jobs go on beside others, and the end of the input waits for them") {
    Swarm swarm;
    auto const bytes = noise(mib);
    write_file(swarm.directory("a") / "file.bin", bytes);
    write_file(swarm.directory("a") / "other.bin", bytes);
    Source const a(swarm, "a");
    auto const ended = swarm.in("b", {"download file.bin &", "download other.bin &", "jobs"},
                                {"--max-download-limit", "1M"});
    CHECK(ended.code == 0);
    CHECK(holds(swarm.directory("b") / "file.bin", bytes));
    CHECK(holds(swarm.directory("b") / "other.bin", bytes));
    // Begun twice, listed twice, ended twice.
    CHECK(ended.events("job").size() == 6);
}

TEST_CASE("The exit code of a job is given to whoever waits for it, or to the program") {
    Swarm const swarm;
    CHECK(swarm.in("a", {"download nothing &", "wait 1"}).code == 3);
    CHECK(swarm.in("a", {"download nothing &", "wait"}).code == 3);
    CHECK(swarm.in("a", {"download nothing &"}).code == 3);
    CHECK(swarm.in("a", {"wait"}).code == 0);
    CHECK(swarm.in("a", {"wait 7"}).code == 2);
    CHECK(swarm.in("a", {"cancel 7"}).code == 2);
    CHECK(swarm.in("a", {"find nothing &"}).code == 2);
    // A quoted & is a name.
    CHECK(swarm.in("a", {"download '&'"}).code == 3);
    CHECK(swarm.in("a", {"download '&'"}).events("job").empty());
}

TEST_CASE("A job that is cancelled ends, what it fetched is kept, and others go on") {
    Swarm swarm;
    auto const bytes = noise(4 * mib);
    write_file(swarm.directory("a") / "file.bin", bytes);
    Source const a(swarm, "a");
    auto const peer = swarm.start("b", {}, {"--max-download-limit", "1M"});
    peer->type("download file.bin &\ndownload later.bin --wait 5m &\n");
    wait_for_progress(*peer, mib);
    peer->type("cancel 1\n");
    peer->wait_until("its end", [](auto const& output) { return is_over(output, 1); });
    CHECK_FALSE(is_over(peer->output(), 2));
    peer->type("cancel 2\nwait 1\n");
    peer->close_input();
    CHECK(peer->wait() == 7);
    auto const again = swarm.in("b", {"download file.bin"});
    CHECK(again.code == 0);
    CHECK(again.event("downloaded").at("bytes_resumed") > 0);
}

TEST_CASE("A job ends while a script waits for its next command, and is told of at once") {
    Swarm swarm;
    write_file(swarm.directory("a") / "file.bin", noise(mib));
    Source const a(swarm, "a");
    auto const peer = swarm.start("b", {});
    peer->type("download file.bin &\n");
    peer->wait_until("its end", [](auto const& output) { return is_over(output, 1); });
    peer->wait_for_out("\"event\":\"summary\"");
    peer->close_input();
    CHECK(peer->wait() == 0);
}

TEST_CASE("A push goes on beside others, too") {
    Swarm swarm;
    auto const bytes = noise(mib);
    write_file(swarm.directory("a") / "file.bin", bytes);
    Source const b(swarm, "b", {"--accept-push"});
    auto const ended = swarm.in("a", {"push file.bin --to all &", "status", "wait 1"});
    CHECK(ended.code == 0);
    CHECK(holds(b.directory / "file.bin", bytes));
    CHECK(ended.event("pushed").at("job") == 1);
}
