#include "catch.hpp"
#include "swarm.hpp"

#include <csignal>

using namespace xfsbus::test;

namespace {

/// A port that a peer can be started at, so that a latency file may name it.
std::uint16_t free_port() {
    return SilentPort().port();
}

/// Of what a command answers, among what jobs say meanwhile.
Json event_of(Shell& peer, std::string const& command, std::string const& event) {
    for (auto const& answer : peer.ask(command)) {
        if (answer.value("event", "") == event) {
            return answer;
        }
    }
    throw std::runtime_error("'" + command + "' says no " + event);
}

std::filesystem::path latencies(Swarm const& swarm, std::string const& text) {
    auto path = swarm.path() / "latencies";
    write_file(path, text);
    return path;
}

}  // namespace

TEST_CASE("A policy is shown, swapped while the peer runs, and kept when another is refused") {
    Swarm swarm;
    Shell peer(swarm, "a");
    CHECK(peer.ask_one("policy").at("name") == "loadlatency");
    auto const loaded = peer.ask_one("policy load libloadlatency.so:load_weight=20");
    CHECK(loaded.at("parameters").at("load_weight") == "20");
    CHECK(peer.ask_one("policy load librandom.so").at("name") == "random");
    for (auto const* bad : {"libnothing.so", "libloadlatency.so:wrong=1", "libsha256.so",
                            "libloadlatency.so:load_weight=heavy", "librandom.so:"}) {
        INFO(bad);
        auto const refused = peer.ask_one(std::string("policy load ") + bad);
        CHECK(refused.value("event", "") != "status");
        if (refused.at("event") == "error") {
            CHECK(refused.at("code") == 11);
        }
        CHECK(peer.ask_one("policy").at("name") == "random");
    }
}

TEST_CASE("A policy of each kind is swapped by what its plug-in says it is, and the others stay") {
    Swarm swarm;
    Shell peer(swarm, "a");
    auto const names = [](Json const& shown) {
        return Words{shown.at("name"), shown.at("chunk_order"), shown.at("upload_policy")};
    };
    CHECK(names(peer.ask_one("policy load libsequential.so")) ==
          Words{"loadlatency", "sequential", "fair"});
    auto const loaded = peer.ask_one("policy load libtitfortat.so:slots=9");
    CHECK(names(loaded) == Words{"loadlatency", "sequential", "titfortat"});
    CHECK(loaded.at("upload_policy_parameters").at("slots") == "9");
    for (auto const* bad : {"libsha256.so", "libmixed.so", "librarest.so:head=x"}) {
        INFO(bad);
        CHECK(peer.ask_one(std::string("policy load ") + bad).at("code") == 11);
        CHECK(names(peer.ask_one("policy")) == Words{"loadlatency", "sequential", "titfortat"});
    }
}

TEST_CASE("A chunk order and an upload policy that are loaded decide for what is under way") {
    Swarm swarm;
    auto const bytes = noise(24 * mib);
    write_file(swarm.directory("a") / "big.bin", bytes);
    Shell source(swarm, "a");
    eventually("the file is found", [&] { return swarm.run({"-c", "find big.bin"}).code == 0; });
    Shell sink(swarm, "b", {"--max-download-limit", "4M"});
    sink.ask("download big.bin &");
    eventually("it is on its way", [&] {
        auto const files = event_of(sink, "status", "status").at("downloading");
        return !files.empty() && files.at(0).at("bytes_done") > 0;
    });
    sink.ask("policy load libsequential.so");
    source.ask("policy load liblongestfirst.so");
    eventually("the order is asked about it",
               [&] { return event_of(sink, "policy", "policy").at("chunk_order_batches") > 0; });
    eventually("the upload policy is asked about it",
               [&] { return source.ask_one("policy").at("upload_policy_decisions") > 0; });
    CHECK_FALSE(event_of(sink, "status", "status").at("downloading").empty());
    sink.ask("wait");
    CHECK(holds(swarm.directory("b") / "big.bin", bytes));
    CHECK(event_of(sink, "policy", "policy").at("chunk_order_faults") == 0);
    CHECK(source.ask_one("policy").at("upload_policy_faults") == 0);
}

TEST_CASE("Every policy that comes with the program downloads") {
    Swarm swarm;
    auto const policy = GENERATE(
        as<std::string>{}, "libloadlatency.so", "libloadlatency.so:load_weight=20", "librandom.so",
        "libroundrobin.so", "libleastload.so", "libqueuetime.so", "libadaptive.so", "libbandit.so",
        "libcompleteness.so", "libearliest.so", "libleastoutstanding.so", "libnearest.so",
        "librackaware.so:rack=1", "libtwochoices.so", "libweighted.so", "libworst.so");
    auto const bytes = noise(2 * mib);
    write_file(swarm.directory("a") / "file.bin", bytes);
    write_file(swarm.directory("b") / "file.bin", bytes);
    Source const a(swarm, "a");
    Source const b(swarm, "b");
    auto const ended = swarm.in("c", {"download file.bin", "policy"}, {"--policy", policy});
    INFO(policy);
    CHECK(ended.code == 0);
    CHECK(holds(swarm.directory("c") / "file.bin", bytes));
    CHECK(ended.event("policy").at("faults") == 0);
    CHECK(ended.event("policy").at("picks") > 0);
}

TEST_CASE("A download's report says what its decisions followed from, and policy what they were") {
    Swarm swarm;
    write_file(swarm.directory("a") / "file.bin", noise(2 * mib));
    Source const a(swarm, "a");
    auto const options = GENERATE(Words{"--seed", "42"}, Words{});
    auto words = options;
    words.insert(words.end(), {"--policy", "libloadlatency.so:load_weight=20"});
    auto const ended = swarm.in("b", {"download file.bin", "policy"}, words);
    CHECK(ended.code == 0);
    auto const policy = ended.event("policy");
    CHECK((policy.at("seed") == 42) == !options.empty());
    auto const request = policy.at("purposes").at("request");
    CHECK(request.at("asked") > 0);
    CHECK(request.at("one_candidate") == request.at("asked"));
    CHECK(policy.at("seconds") > 0);
    for (auto const* event : {"downloaded", "summary"}) {
        auto const used = ended.event(event).at("policy");
        for (auto const* field : {"name", "version", "sha256", "parameters", "seed"}) {
            CHECK(used.at(field) == policy.at(field));
        }
        CHECK(used.at("parameters").at("load_weight") == "20");
        CHECK(ended.event(event).at("chunk_order").at("sha256") == policy.at("chunk_order_sha256"));
    }
}

TEST_CASE("Every integrity plug-in that comes with the program publishes and verifies") {
    Swarm swarm;
    auto const plugin = GENERATE(as<std::string>{}, "libsha256.so", "libsha512-256.so",
                                 "libblake2b.so", "libblake3.so");
    write_file(swarm.directory("a") / "file.bin", noise(mib));
    Source const a(swarm, "a", {"--integrity", plugin});
    CHECK(swarm.in("b", {"download file.bin"}).code == 0);
    CHECK(holds(swarm.directory("b") / "file.bin", noise(mib)));
}

TEST_CASE("A policy that cannot be loaded is refused with 11, and the good parameters are told") {
    TempDir const home;
    auto const check = [&](std::string const& policy, std::string const& word) {
        auto const ended = run_to_end(XFS_PEER_PROGRAM,
                                      {{"--policy", policy, "-c", "status"}, {}, home.path(), {}});
        INFO(policy << ": " << ended.err);
        CHECK(ended.code == 11);
        CHECK(ended.out.empty());
        CHECK(ended.says(word));
    };
    check("libnothing.so", "not found, tried");
    check("libloadlatency.so:load_wait=20", "load_weight");
    check("libloadlatency.so:load_weight=heavy", "'heavy'");
    check("libsha256.so", "libsha256.so");
    check("/etc/passwd", "/etc/passwd");
}

TEST_CASE("A latency file with a mistake is refused with 2 and the line's number") {
    Swarm swarm;
    auto const [text, word] = GENERATE(table<std::string, std::string>({
        {"# fine\n127.0.0.1:1 127.0.0.1:2 5\n127.0.0.1:1 127.0.0.1:2\n", "line 3"},
        {"127.0.0.1:1 127.0.0.1:2 fast\n", "'fast'"},
        {"\n127.0.0.1 127.0.0.1:2 5\n", "line 2"},
        {"127.0.0.1:1 127.0.0.1:2 -1\n", "line 1"},
        {"127.0.0.1:1 127.0.0.1:2 nan\n", "line 1"},
        {"127.0.0.1:1 127.0.0.1:2 5 6\n", "line 1"},
    }));
    auto const ended = swarm.run({"--latency-file", latencies(swarm, text), "-c", "status"});
    INFO(text);
    CHECK(ended.code == 2);
    CHECK(ended.says(word));
}

TEST_CASE("The latency file rules the choice, and find shows its figures, best first") {
    Swarm swarm;
    for (auto const* name : {"a", "b", "far"}) {
        write_file(swarm.directory(name) / "file.bin", noise(mib));
    }
    Source const a(swarm, "a");
    Source const b(swarm, "b");
    Source const far(swarm, "far");
    auto const own = free_port();
    auto const file = latencies(swarm, "# A B MS\n" + at(own) + " " + at(a.port) + " 30  # a\n\n" +
                                           at(b.port) + " " + at(own) + " 5.5\n");
    auto const ended = swarm.in("c", {"find file.bin", "download file.bin -s 1"},
                                {"--bind", at(own), "--latency-file", file.string()});
    CHECK(ended.code == 0);
    auto const found = ended.events("source");
    REQUIRE(found.size() == 3);
    CHECK(found[0].at("port") == b.port);
    CHECK(found[0].at("latency_ms") == 5.5);
    CHECK(found[0].at("cost") == 5.5);
    CHECK(found[1].at("port") == a.port);
    CHECK(found[1].at("latency_ms") == 30);
    CHECK(found[2].at("latency_ms") == 100);
    auto const downloaded = ended.event("downloaded");
    for (auto const& source : downloaded.at("sources")) {
        CHECK((source.at("bytes") > 0) == (source.at("peer") == at(b.port)));
    }
}

TEST_CASE("The latency file's figures are applied as delay") {
    Swarm swarm;
    write_file(swarm.directory("a") / "file.txt", "far away");
    Source const a(swarm, "a");
    auto const own = free_port();
    auto const file = latencies(swarm, at(own) + " " + at(a.port) + " 700\n");
    auto const near = swarm.in("b", {"download file.txt"});
    auto const far =
        swarm.in("c", {"download file.txt"}, {"--bind", at(own), "--latency-file", file.string()});
    CHECK(far.code == 0);
    CHECK(holds(swarm.directory("c") / "file.txt", "far away"));
    CHECK(far.event("summary").at("seconds") >= 0.7);
    CHECK(near.event("summary").at("seconds") < far.event("summary").at("seconds"));
}

TEST_CASE(
    "A download begins with the sources that have answered, and does not wait for slow ones") {
    Swarm swarm;
    auto const bytes = noise(2 * mib);
    for (auto const* name : {"near", "far"}) {
        write_file(swarm.directory(name) / "file.bin", bytes);
    }
    Source const near(swarm, "near");
    Source const far(swarm, "far");
    auto const file = swarm.path() / "latency";
    auto const sink = at(SilentPort().port());
    write_file(file, sink + " " + at(near.port) + " 5\n" + sink + " " + at(far.port) + " 8000\n");
    auto const ended = swarm.in("sink", {"download file.bin -s 1"},
                                {"--bind", sink, "--latency-file", file.string()});
    CHECK(ended.code == 0);
    auto const report = ended.event("downloaded");
    CHECK(bytes_from(report, near.port) == bytes.size());
    CHECK(ended.event("summary").at("seconds") < 4);  // less than the slow one takes to answer
}

TEST_CASE("Every chunk order that comes with the program downloads") {
    Swarm swarm;
    using File = std::pair<std::string, std::string>;
    auto const [order, name] =
        GENERATE(File{"librarest.so", "rarest"}, File{"libsequential.so", "sequential"},
                 File{"librandomorder.so", "random"}, File{"libstreaming.so", "streaming"});
    INFO(order);
    auto const bytes = noise(4 * mib + 17);
    for (auto const* peer : {"a", "b"}) {
        write_file(swarm.directory(peer) / "file.bin", bytes);
    }
    Source const a(swarm, "a");
    Source const b(swarm, "b");
    auto const ended = swarm.in("c", {"download file.bin", "status"}, {"--chunk-order", order});
    CHECK(ended.code == 0);
    CHECK(holds(swarm.directory("c") / "file.bin", bytes));
    CHECK(ended.event("status").at("chunk_order") == name);
}

TEST_CASE("A file that is read while it comes is fetched in the order of reading, with streaming") {
    Swarm swarm;
    auto const bytes = noise(8 * mib);
    write_file(swarm.directory("a") / "film.bin", bytes);
    Source const a(swarm, "a");
    auto const stalled = [&](std::string const& sink, std::string const& order) {
        auto const ended =
            swarm.in(sink, {"download film.bin --play-rate 2M"},
                     {"--chunk-order", order, "--seed", "1", "--max-download-limit", "2500K"});
        CHECK(ended.code == 0);
        CHECK(holds(swarm.directory(sink) / "film.bin", bytes));
        return ended.event("downloaded").at("seconds_stalled").get<double>();
    };
    auto const streaming = stalled("b", "libstreaming.so");
    auto const rarest = stalled("c", "librarest.so");
    CAPTURE(streaming, rarest);
    CHECK(streaming < 0.8 * rarest);
}

TEST_CASE("A chunk order of another kind, or that is none, is refused with 11") {
    Swarm const swarm;
    auto const order = GENERATE(as<std::string>{}, "libloadlatency.so", "libsha256.so",
                                "libnothing.so", "librarest.so:nonsense=1");
    INFO(order);
    auto const ended = swarm.in("a", {"status"}, {"--chunk-order", order});
    CHECK(ended.code == 11);
    CHECK(ended.out.empty());
    CHECK(ended.says(order.substr(0, order.find(':'))));
}

TEST_CASE("The load counts a transfer while it runs, and no more when its sink is killed") {
    Swarm swarm;
    write_file(swarm.directory("a") / "big.bin", noise(16 * mib));
    Source const a(swarm, "a");
    auto const sink = swarm.start("b", {"download big.bin"}, {"--max-download-limit", "1M"});
    wait_for_progress(*sink);
    Shell c(swarm, "c");
    auto const load = [&] { return c.ask_one("getload " + apart(a.port)).at("load"); };
    CHECK(load() > 0);
    auto const cost = c.ask("find big.bin").at(0);
    CHECK(cost.at("cost") >= 10);
    sink->signal(SIGKILL);
    sink->wait();
    eventually("the load is 0 again", [&] { return load() == 0; });
}

TEST_CASE("The default policy avoids a busy peer") {
    Swarm swarm;
    write_file(swarm.directory("busy") / "file.bin", noise(mib));
    write_file(swarm.directory("idle") / "file.bin", noise(mib));
    write_file(swarm.directory("busy") / "big.bin", noise(16 * mib, 2));
    Source const busy(swarm, "busy");
    Source const idle(swarm, "idle");
    auto const sink = swarm.start("b", {"download big.bin"}, {"--max-download-limit", "1M"});
    wait_for_progress(*sink);
    auto const own = free_port();
    auto const file = latencies(
        swarm, at(own) + " " + at(busy.port) + " 1\n" + at(own) + " " + at(idle.port) + " 8\n");
    Words const options = {"--bind", at(own), "--latency-file", file.string()};
    auto const found = swarm.in("c", {"find file.bin"}, options).events("source");
    REQUIRE(found.size() == 2);
    CHECK(found[0].at("port") == idle.port);
    auto weightless = options;
    weightless.insert(weightless.end(), {"--policy", "libloadlatency.so:load_weight=0"});
    CHECK(swarm.in("c", {"find file.bin"}, weightless).events("source").at(0).at("port") ==
          busy.port);
}
