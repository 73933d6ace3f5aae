// Which peer is served next, where a plug-in says so.
#include "catch.hpp"
#include "swarm.hpp"

using namespace xfsbus::test;

namespace {

/// A peer that others find the file at, and that takes commands.
struct UploadingShell {
    UploadingShell(Swarm const& swarm, std::string const& bytes, Words const& options)
        : shell((write_file(swarm.directory("a") / "file.bin", bytes), swarm), "a", options) {
        eventually("the file is found", [&] {
            return swarm.run({"-c", "find file.bin"}).code == 0;
        });
    }

    Shell shell;
};

}  // namespace

TEST_CASE("Every upload policy that comes with the program serves, and status names it") {
    auto const policy = GENERATE(as<std::string>{}, "fair", "longestfirst", "titfortat");
    INFO(policy);
    Swarm swarm;
    auto const bytes = noise(12 * mib);
    UploadingShell source(swarm, bytes, {"--upload-policy", policy});
    auto const b = swarm.start("b", {"download file.bin"}, {"--upload-policy", policy});
    auto const c = swarm.start("c", {"download file.bin"}, {"--upload-policy", policy});
    CHECK(b->wait() == 0);
    CHECK(c->wait() == 0);
    CHECK(holds(swarm.directory("b") / "file.bin", bytes));
    CHECK(holds(swarm.directory("c") / "file.bin", bytes));
    auto const status = source.shell.ask_one("status");
    CHECK(status.at("upload_policy") == policy);
    CHECK(status.at("upload_policy_faults") == 0);
}

TEST_CASE("The faults of an upload policy are counted, and the file arrives") {
    Swarm swarm;
    auto const bytes = noise(8 * mib);
    auto const faulty = std::filesystem::path(XFS_TEST_BAD_PLUGINS) / "libfaulty-upload-choice.so";
    UploadingShell source(swarm, bytes,
                          {"--strict-policy", "--upload-policy", faulty.string() + ":fault=all"});
    CHECK(swarm.in("b", {"download file.bin"}).code == 0);
    CHECK(holds(swarm.directory("b") / "file.bin", bytes));
    CHECK(source.shell.ask_one("status").at("upload_policy_faults") > 0);
}

TEST_CASE("A peer does not start with an upload policy that is refused, and says why") {
    Swarm swarm;
    auto const [given, why] = GENERATE(
        table<char const*, char const*>({{"libnothing.so", "not found"},
                                         {"librarest.so", "an upload-choice one is needed"},
                                         {"libtitfortat.so:slots=none", "'none'"}}));
    auto const ended = swarm.run({"--upload-policy", given, "-c", "status"});
    CHECK(ended.code == 11);
    CHECK(ended.says(why));
}
