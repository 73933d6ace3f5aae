// Peers that serve what they have of a file while they fetch it.
#include "catch.hpp"
#include "swarm.hpp"

#include <csignal>

using namespace xfsbus::test;

namespace fs = std::filesystem;

namespace {

/// A seed that is not fast, and peers that fetch its file from it and from each other.
class SmallSwarm {
  public:
    SmallSwarm(std::uint64_t size, std::string const& upload_limit) : bytes(noise(size)) {
        write_file(swarm.directory("seed") / "big.bin", bytes);
        seed = std::make_unique<Shell>(swarm, "seed", Words{"--max-upload-limit", upload_limit});
        seed->ask("updatelist");
    }

    /// Leaves in the directory what a try would that had fetched these bytes.
    void has_fetched(std::string const& name, std::uint64_t begin, std::uint64_t end) const {
        auto const directory = swarm.directory(name);
        auto const file = [&](char const* extension) {
            for (auto const& entry : fs::directory_iterator(directory)) {
                if (entry.path().extension() == extension) {
                    return entry.path();
                }
            }
            return fs::path();
        };
        auto const download = swarm.start(name, {"download big.bin"});
        eventually("there is a part", [&] { return !file(".part").empty(); });
        download->signal(SIGKILL);
        download->wait();
        fs::remove(file(".journal"));  // so that the part itself is looked at
        auto part = std::string(bytes.size(), 'x');
        part.replace(begin, end - begin, bytes, begin, end - begin);
        write_file(file(".part"), part);
    }

    /// Stays when its download is over.
    Shell& leecher(std::string const& name, Words const& options = {}) {
        leechers.push_back(std::make_unique<Shell>(swarm, name, options));
        return *leechers.back();
    }

    /// All of them at once.
    void begin() const {
        for (auto const& leecher : leechers) {
            leecher->begin("download big.bin");
        }
    }

    [[nodiscard]] bool complete(Shell const& leecher) const {
        return holds(leecher.directory() / "big.bin", bytes);
    }

    Swarm swarm;
    std::string bytes;
    std::unique_ptr<Shell> seed;
    std::vector<std::unique_ptr<Shell>> leechers;
};

}  // namespace

TEST_CASE("Two peers that fetch a file at once from a slow seed get much of it from each other") {
    SmallSwarm test(32 * mib, "8M");
    auto& b = test.leecher("b");
    auto& c = test.leecher("c");
    test.begin();
    auto const at_b = b.finish_download();
    auto const at_c = c.finish_download();
    CHECK(test.complete(b));
    CHECK(test.complete(c));
    CHECK(bytes_from(at_b, c.port()) + bytes_from(at_c, b.port()) >= test.bytes.size() / 2);
    auto const sent = test.seed->ask_one("status").at("bytes_sent").get<std::uint64_t>();
    CHECK(sent >= test.bytes.size());
    CHECK(sent < test.bytes.size() * 3 / 2);
}

TEST_CASE("When a seed is killed and the peers have everything between them, they finish") {
    SmallSwarm test(8 * mib, "64K");
    test.has_fetched("b", 0, 4 * mib);
    test.has_fetched("c", 4 * mib, 8 * mib);
    Words const slow = {"--max-upload-limit", "512K"};
    auto& b = test.leecher("b", slow);
    auto& c = test.leecher("c", slow);
    test.begin();
    for (auto* leecher : {&b, &c}) {
        leecher->process().wait_until("that it has found the other", [](auto const& output) {
            auto const steps = events_of(output.out, "progress");
            return !steps.empty() && steps.back().at("sources") == 2;
        });
    }
    test.seed->process().signal(SIGKILL);
    test.seed->process().wait();
    REQUIRE_FALSE(test.complete(b));
    REQUIRE_FALSE(test.complete(c));
    auto const at_b = b.finish_download();
    auto const at_c = c.finish_download();
    CHECK(test.complete(b));
    CHECK(test.complete(c));
    CHECK(bytes_from(at_b, c.port()) >= 3 * mib);
    CHECK(bytes_from(at_c, b.port()) >= 3 * mib);
}

TEST_CASE("A peer that becomes complete goes on serving those that it served a part") {
    SmallSwarm test(8 * mib, "2M");
    auto& b = test.leecher("b");
    auto& c = test.leecher("c", {"--max-download-limit", "1M"});
    test.begin();
    c.process().wait_until("that it has two sources", [](auto const& output) {
        auto const steps = events_of(output.out, "progress");
        return !steps.empty() && steps.back().at("sources") == 2;
    });
    REQUIRE_FALSE(test.complete(b));
    CHECK(b.finish_download().at("ok") == true);
    test.seed->process().signal(SIGKILL);
    REQUIRE_FALSE(test.complete(c));
    auto const at_c = c.finish_download();
    CHECK(test.complete(c));
    CHECK(bytes_from(at_c, b.port()) > test.bytes.size() / 4);
    for (auto const& source : at_c.at("sources")) {
        if (source.at("peer") == at(b.port())) {
            auto const state = source.at("state").get<std::string>();
            CHECK((state == "active" || state == "idle"));  // and not: refused, lost
        }
    }
}

TEST_CASE("A peer that has part of a file is found with it, and with the whole when it has it") {
    SmallSwarm test(8 * mib, "2M");
    auto& b = test.leecher("b");
    Shell observer(test.swarm, "observer");
    test.begin();
    auto const share = [&] {
        for (auto const& answer : observer.ask("find big.bin")) {
            if (answer.value("port", 0) == b.port()) {
                return answer.at("share_percent").get<double>();
            }
        }
        return -1.0;
    };
    double part = 0;
    eventually("it is found with a part", [&] { return (part = share()) > 0; });
    CHECK(part < 100);
    b.finish_download();
    eventually("it is found with the whole", [&] { return share() == 100; });
}

TEST_CASE("A peer whose download was cancelled is not found with its part any more") {
    SmallSwarm test(8 * mib, "2M");
    auto const b = test.swarm.start("b", {"download big.bin"}, {"--serve"});
    Shell observer(test.swarm, "observer");
    wait_for_progress(*b, mib);
    eventually("it is found", [&] { return observer.ask("find big.bin").size() == 2; });
    b->signal(SIGINT);
    eventually("it is found no more", [&] { return observer.ask("find big.bin").size() == 1; });
    CHECK(observer.ask_one("find big.bin").at("share_percent") == 100);
}
