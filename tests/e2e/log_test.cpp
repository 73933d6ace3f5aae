// What went wrong, told by the logs alone.
#include "catch.hpp"
#include "disks.hpp"
#include "strangers.hpp"
#include "swarm.hpp"

#include <csignal>
#include <fstream>

#include <arpa/inet.h>
#include <sys/resource.h>
#include <unistd.h>

namespace wire = xfsbus::wire;
using namespace xfsbus::test;
namespace fs = std::filesystem;

namespace {

std::string const& operating_page() {
    static std::string const page = read_file(XFS_OPERATING_PAGE);
    return page;
}

/// The lines of a log that are whole, each of which must be JSON and its event one of docs/.
std::vector<Json> log_of(std::string_view text) {
    std::vector<Json> events;
    while (text.find('\n') != std::string_view::npos) {
        auto const line = text.substr(0, text.find('\n'));
        text.remove_prefix(line.size() + 1);
        auto event = Json::parse(line);
        auto const name = event.value("event", "");
        INFO("the event " << name << " is not in docs/OPERATING.md");
        CHECK((name.empty() || operating_page().find("`" + name + "`") != std::string::npos));
        events.push_back(std::move(event));
    }
    return events;
}

std::vector<Json> events_named(std::string const& log, std::string const& name) {
    auto events = log_of(log);
    std::erase_if(events, [&](auto const& event) { return event.value("event", "") != name; });
    return events;
}

/// Waits until the program has logged this, and returns the first of it.
Json logged(Process& process, std::string const& name) {
    process.wait_for_err("\"event\":\"" + name + "\"");
    process.wait_until("the end of the line",
                       [](auto const& output) { return output.err.ends_with('\n'); });
    return events_named(process.err(), name).at(0);
}

std::string why(Json const& event) {
    return event.at("why").get<std::string>();
}

Words const json_log{"--json-log"};

/// A download that tells all that happens.
Words const told{"--json-log", "--log-level", "info"};

}  // namespace

TEST_CASE("Log: a transfer is told at both ends, with what it took") {
    Swarm swarm;
    write_file(swarm.directory("a") / "file.bin", noise(2 * mib));
    Source a(swarm, "a", json_log);
    auto const ended = swarm.in("sink", {"download file.bin"}, told);
    REQUIRE(ended.code == 0);
    auto const done = events_named(ended.err, "download-done").at(0);
    CHECK(done.at("name") == "file.bin");
    CHECK(done.at("bytes") == 2 * mib);
    CHECK(events_named(ended.err, "download-begun").at(0).at("sources") == 1);
    auto const sent = logged(a.process, "upload-done");
    CHECK(sent.at("name") == "file.bin");
    CHECK(sent.at("bytes") == 2 * mib);
    CHECK(sent.at("level") == "info");
    CHECK(events_named(a.process.err(), "upload-begun").size() == 1);
    CHECK(events_named(a.process.err(), "started").at(0).at("address") == at(a.port));
}

TEST_CASE("Log: a transfer of little is told where all is told, and only there") {
    Words const all_told{"--json-log", "--log-level", "debug"};
    Swarm swarm;
    write_file(swarm.directory("a") / "file.bin", noise(4096));
    write_file(swarm.directory("b") / "other.bin", noise(4096));
    Source a(swarm, "a", all_told);
    Source b(swarm, "b", json_log);
    auto const told_all = swarm.in("sink", {"download file.bin"}, all_told);
    CHECK(events_named(told_all.err, "download-begun").size() == 1);
    CHECK(events_named(told_all.err, "download-done").at(0).at("bytes") == 4096);
    CHECK(logged(a.process, "upload-done").at("bytes") == 4096);
    CHECK(events_named(a.process.err(), "upload-begun").size() == 1);
    auto const told_some = swarm.in("quiet", {"download other.bin"}, told);
    CHECK(told_some.code == 0);
    CHECK(events_named(told_some.err, "download-begun").empty());
    CHECK(events_named(told_some.err, "download-done").empty());
    CHECK(events_named(b.process.err(), "upload-begun").empty());
}

TEST_CASE("Log: what a sink says last before it leaves is heard before it is known to have left") {
    Swarm swarm;
    write_file(swarm.directory("a") / "file.bin", noise(2 * mib));
    Source a(swarm, "a", {"--json-log", "--log-level", "debug"});
    auto const found = swarm.in("b", {"find file.bin"}).event("source");
    wire::Want want;
    want.transfer = {1};
    want.content = content_in(found);
    want.port = 1;
    want.credit = mib;
    want.chunks = {0, 1};
    {
        BusClient sink({host(), a.port});
        sink.tell(wire::Request{{want}});
        logged(a.process, "upload-begun");
        a.process.signal(SIGSTOP);
        sink.tell(wire::Close{{want.transfer}});
    }
    a.process.signal(SIGCONT);
    a.process.wait_until("that the upload is over", [](auto const& output) {
        return output.err.find("\"upload-done\"") != std::string::npos ||
               output.err.find("\"upload-ended\"") != std::string::npos;
    });
    CHECK(a.process.err().find("\"upload-done\"") != std::string::npos);
}

TEST_CASE("Log: no tracker is there") {
    Swarm const swarm(Swarm::Tracker::down);
    auto const home = swarm.directory("a");
    Process peer(XFS_PEER_PROGRAM, swarm.peer({"--dir", home.string(), "--serve", "--json-log"}));
    auto const missing = logged(peer, "tracker-missing");
    CHECK(missing.at("tracker") == swarm.endpoint());
    CHECK_THAT(why(missing), ContainsSubstring("nothing listens there"));
}

TEST_CASE("Log: the tracker is lost, and found again") {
    Swarm swarm;
    Source a(swarm, "a", json_log);
    CHECK(logged(a.process, "tracker-found").at("address") == at(a.port));
    swarm.kill_tracker();
    auto const lost = logged(a.process, "tracker-lost");
    CHECK(lost.at("tracker") == swarm.endpoint());
    CHECK(lost.at("level") == "warning");
    swarm.start_tracker();
    eventually("that it is found again",
               [&] { return events_named(a.process.err(), "tracker-found").size() == 2; });
}

TEST_CASE("Log: a tracker that is silent for a lease is lost, though its connection stands") {
    Swarm swarm;
    Source a(swarm, "a", json_log);
    swarm.tracker().signal(SIGSTOP);
    CHECK_THAT(why(logged(a.process, "tracker-lost")), ContainsSubstring("silent"));
    swarm.tracker().signal(SIGCONT);
}

TEST_CASE("Log: a source freezes") {
    Swarm swarm;
    write_file(swarm.directory("a") / "file.bin", noise(8 * mib));
    Source const a(swarm, "a");
    auto words = told;
    words.insert(words.end(), {"--max-download-limit", "2M"});
    auto const sink = swarm.start("sink", {"download file.bin"}, words);
    wait_for_progress(*sink);
    a.process.signal(SIGSTOP);
    auto const lost = logged(*sink, "source-lost");
    CHECK(lost.at("source") == at(a.port));
    CHECK(lost.at("name") == "file.bin");
    CHECK(!why(lost).empty());
    a.process.signal(SIGCONT);
}

TEST_CASE("Log: a source lies") {
    Swarm swarm;
    write_file(swarm.directory("liar") / "file.bin", noise(2 * mib));
    Source const liar(swarm, "liar", {"--no-watch"});
    auto const found = swarm.in("x", {"find file.bin"}).event("source");
    {
        std::fstream file(liar.directory / "file.bin",
                          std::ios::binary | std::ios::in | std::ios::out);
        auto const time = fs::last_write_time(liar.directory / "file.bin");
        file.seekp(static_cast<std::streamoff>(mib));
        file.put('x');
        file.close();
        fs::last_write_time(liar.directory / "file.bin", time);
    }
    auto const id = found.at("content").get<std::string>();
    auto const ended = swarm.in("sink", {"download file.bin@" + id}, told);
    CHECK(ended.code == 8);
    auto const lied = events_named(ended.err, "source-lied").at(0);
    CHECK(lied.at("source") == at(liar.port));
    CHECK_THAT(why(lied), ContainsSubstring("corrupt data"));
    CHECK(events_named(ended.err, "download-failed").at(0).at("code") == "integrity");
}

TEST_CASE("Log: a disk has no room") {
    Swarm swarm;
    write_file(swarm.directory("a") / "file.bin", noise(9 * mib));
    Source const a(swarm, "a");
    auto const sink = swarm.start("sink", {}, {"--json-log", "--log-level", "info"});
    rlimit const limit{8 * mib, 8 * mib};
    REQUIRE(::prlimit(sink->pid(), RLIMIT_FSIZE, &limit, nullptr) == 0);
    sink->type("download file.bin\n");
    auto const failed = logged(*sink, "download-failed");
    CHECK(failed.at("code") == "disk");
    CHECK_THAT(why(failed), ContainsSubstring("ulimit -f"));
}

TEST_CASE("Log: a program is out of descriptors") {
    Swarm swarm;
    auto words =
        swarm.peer({"--json", "--json-log", "--serve", "--dir", swarm.directory("a").string()});
    words.descriptors = 100;
    Process source(XFS_PEER_PROGRAM, words);
    source.wait_for_out("ready");
    auto const ready = events_of(source.out(), "ready").at(0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(ready.at("port").get<std::uint16_t>());
    ::inet_pton(AF_INET, ready.at("ip").get<std::string>().c_str(), &to.sin_addr);
    std::vector<int> held;
    for (int i = 0; i < 200; ++i) {
        held.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        ::connect(held.back(), reinterpret_cast<sockaddr const*>(&to), sizeof to);
    }
    CHECK_THAT(why(logged(source, "network-trouble")), ContainsSubstring("ulimit -n"));
    for (int const fd : held) {
        ::close(fd);
    }
}

TEST_CASE("Log: a policy fails") {
    Swarm swarm;
    write_file(swarm.directory("a") / "file.bin", noise(2 * mib));
    Source const a(swarm, "a");
    auto const ended =
        swarm.in("sink", {"download file.bin"},
                 {"--json-log", "--policy",
                  std::string(XFS_TEST_BAD_PLUGINS) + "/libfaulty-selector.so:fault=pick"});
    CHECK(ended.code == 0);
    CHECK_THAT(why(events_named(ended.err, "policy-fault").at(0)), ContainsSubstring("on purpose"));
}

TEST_CASE("Log: a policy says something, and what it shares outlives a download") {
    Swarm swarm;
    write_file(swarm.directory("a") / "one.bin", noise(2 * mib));
    write_file(swarm.directory("a") / "two.bin", noise(2 * mib, 2));
    Source const a(swarm, "a");
    auto words = told;
    words.insert(words.end(), {"--labels", "rack=7", "--policy",
                               std::string(XFS_TEST_BAD_PLUGINS) + "/librecording-selector.so"});
    auto const ended = swarm.in("sink", {"download one.bin", "download two.bin"}, words);
    CHECK(ended.code == 0);
    auto const said = events_named(ended.err, "policy-says");
    REQUIRE(said.size() == 3);  // the trial at the start, and one for each download
    CHECK(said.back().at("plugin") == "recording");
    CHECK(said.back().at("line") == "object 3 of rack=7");
}

TEST_CASE("Log: a file changes while it is sent") {
    Swarm swarm;
    auto const file = swarm.directory("a") / "file.bin";
    write_file(file, noise(8 * mib));
    Source a(swarm, "a", json_log);
    auto words = told;
    words.insert(words.end(), {"--max-download-limit", "2M"});
    auto const sink = swarm.start("sink", {"download file.bin"}, words);
    wait_for_progress(*sink);
    write_file(file, noise(8 * mib, 2));
    CHECK(logged(a.process, "file-changed").at("name") == "file.bin");
    CHECK(logged(*sink, "version-changed").at("name") == "file.bin");
}

TEST_CASE("Log: a push is taken") {
    Swarm swarm;
    write_file(swarm.directory("a") / "file.bin", noise(mib));
    Source const a(swarm, "a");
    Source b(swarm, "b", {"--accept-push", "--json-log"});
    CHECK(swarm.in("p", {"push file.bin --to 2"}).code == 0);
    CHECK(logged(b.process, "push-taken").at("name") == "file.bin");
    CHECK(logged(b.process, "download-done").at("bytes") == mib);
}
