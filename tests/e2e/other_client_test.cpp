#include "catch.hpp"
#include "strangers.hpp"
#include "swarm.hpp"

#include <xfsbus/wire/limits.hpp>

using namespace xfsbus;
using namespace xfsbus::test;

namespace {

constexpr int packages_missing = 77;

constexpr auto python = "/usr/bin/python3";

/// The client in another language, which knows the protocol from its page alone.
Process::Options client_options(Swarm const& swarm, Words arguments) {
    arguments.insert(arguments.begin(), {XFS_PYTHON_CLIENT, "--tracker", swarm.endpoint()});
    Process::Options options;
    options.arguments = std::move(arguments);
    options.home = swarm.path();
    options.directory = swarm.directory("client");
    return options;
}

/// Runs it; nullopt, and said so, if what it needs is not installed.
std::optional<Ended> run_client(Swarm const& swarm, Words arguments) {
    auto ended = run_to_end(python, client_options(swarm, std::move(arguments)));
    if (ended.code == packages_missing) {
        WARN("skipped: python3-zmq or python3-msgpack is not installed");
        return std::nullopt;
    }
    return ended;
}

}  // namespace

TEST_CASE("A client written from the protocol's page finds a file of a peer") {
    Swarm const swarm;
    write_file(swarm.directory("a") / "model.bin", noise(1000));
    Source const source(swarm, "a");
    if (auto const found = run_client(swarm, {"find", "model.bin"})) {
        CHECK(found->code == 0);
        CHECK(found->out.find(std::to_string(source.port)) != std::string::npos);
        CHECK(run_client(swarm, {"find", "nothing"})->code == 3);
    }
}

TEST_CASE("A client written from the protocol's page downloads from two peers, every byte right") {
    Swarm const swarm;
    auto const bytes = noise(5 * mib + 17);
    for (std::string const name : {"a", "b"}) {
        write_file(swarm.directory(name) / "sub dir/ä.bin", bytes);
    }
    Source const first(swarm, "a");
    Source const second(swarm, "b");
    if (auto const done = run_client(swarm, {"download", "sub dir/ä.bin", "-o", "out.bin"})) {
        INFO(done->err);
        CHECK(done->code == 0);
        CHECK(holds(swarm.directory("client") / "out.bin", bytes));
    }
}

TEST_CASE("A client written from the protocol's page is sent chunks to the address it listens at") {
    Swarm const swarm;
    auto const bytes = noise(3 * mib);
    write_file(swarm.directory("a") / "model.bin", bytes);
    Source const source(swarm, "a");
    // Its PULL listens there alone, and the kernel would let it come from another one.
    if (auto const done =
            run_client(swarm, {"--host", "127.0.0.77", "download", "model.bin", "-o", "out.bin"})) {
        INFO(done->err);
        CHECK(done->code == 0);
        CHECK(holds(swarm.directory("client") / "out.bin", bytes));
    }
}

TEST_CASE("A client that knows nothing of partial sources downloads from a seed of several sinks") {
    Swarm const swarm;
    auto const bytes = noise(8 * mib);
    write_file(swarm.directory("a") / "big.bin", bytes);
    Source const seed(swarm, "a", {"--max-upload-limit", "4M"});
    auto const b = swarm.start("b", {"download big.bin"}, {"--serve"});
    auto const c = swarm.start("c", {"download big.bin"}, {"--serve"});
    wait_for_progress(*b);
    wait_for_progress(*c);
    if (auto const done = run_client(swarm, {"download", "big.bin", "-o", "out.bin"})) {
        INFO(done->err);
        CHECK(done->code == 0);
        CHECK(holds(swarm.directory("client") / "out.bin", bytes));
    }
}

TEST_CASE("A client written from the protocol's page hears of files that come and go") {
    Swarm const swarm;
    write_file(swarm.directory("a") / "first.bin", "x");
    Source const source(swarm, "a");
    if (!run_client(swarm, {"find", "first.bin"})) {
        return;
    }
    Process watch(python, client_options(swarm, {"watch", "*.bin"}));
    watch.wait_for_out("there 1 1 0 ");
    write_file(swarm.directory("a") / "other.bin", "yz");
    watch.wait_for_out("there 2 1 0 ");
    std::filesystem::remove(swarm.directory("a") / "first.bin");
    watch.wait_until("the first is gone", [](auto const& output) {
        return output.out.ends_with(" first.bin\n") &&
               output.out.find("gone ") != std::string::npos;
    });
}

TEST_CASE("A client written from the protocol's page hears of peers that come and go") {
    Swarm const swarm;
    auto first = std::make_unique<Source>(swarm, "a", Words{"--labels", "rack=7"});
    if (!run_client(swarm, {"find", "first.bin"})) {
        return;
    }
    Process watch(python, client_options(swarm, {"watch", "--peers"}));
    watch.wait_for_out("there " + apart(first->port) + " rack=7 peer ");
    Source const second(swarm, "b");
    watch.wait_for_out("there " + apart(second.port) + "  peer ");
    first.reset();
    watch.wait_for_out("gone peer ");
}

TEST_CASE("A client written from the protocol's page says when there is no tracker") {
    Swarm const swarm(Swarm::Tracker::down);
    if (auto const ended = run_client(swarm, {"find", "x"})) {
        CHECK(ended->code == 4);
    }
}

TEST_CASE("A source gives as many manifests at once as the protocol's page says") {
    Swarm const swarm;
    write_file(swarm.directory("a") / "model.bin", noise(5 * mib));
    Source const source(swarm, "a");
    auto const found = swarm.in("b", {"find model.bin"}).event("source");
    auto const content = content_in(found);
    BusClient client({host(), source.port});
    auto const ask = [&](std::size_t times, std::uint64_t offset) {
        std::vector<wire::ContentId> const contents(times, content);
        return std::get<wire::Manifests>(client.ask(wire::GetManifests{contents, offset})).parts;
    };
    auto const whole = ask(1, 0).at(0);
    CHECK(whole.bytes.size() == whole.total);
    auto const several = ask(wire::limits::manifests_per_request, 7);
    CHECK(several.size() == wire::limits::manifest_reply_bytes / (whole.total + 128));
    for (auto const& part : several) {
        REQUIRE(part == whole);  // the offset counts for a single content
    }
    auto const rest = ask(1, whole.total - 1).at(0);
    CHECK(rest.offset == whole.total - 1);
    CHECK(rest.bytes == whole.bytes.substr(whole.total - 1));
    auto const beyond = ask(1, whole.total + 1).at(0);
    CHECK(beyond.total == whole.total);
    CHECK(beyond.offset == whole.total);
    CHECK(beyond.bytes.empty());
}
