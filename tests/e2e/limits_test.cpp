// Limits of bytes per second, and jobs of many files.
#include "catch.hpp"
#include "swarm.hpp"

using namespace xfsbus::test;

namespace {

/// How long it takes at least, with a little for the first chunk, which waits for nobody.
double seconds_least(std::uint64_t bytes, std::uint64_t bytes_per_second) {
    return 0.95 * static_cast<double>(bytes) / static_cast<double>(bytes_per_second);
}

}  // namespace

TEST_CASE("No limit is exceeded, be it of one transfer or of all, at the source or at the sink") {
    Swarm swarm;
    auto const option = GENERATE(as<std::string>{}, "--max-upload-limit", "--max-download-limit",
                                 "--max-transfer-upload-limit", "--max-transfer-download-limit");
    INFO(option);
    auto const bytes = noise(16 * mib);
    write_file(swarm.directory("a") / "big.bin", bytes);
    Words const limit = {option, "8M"};
    bool const of_source = option.find("upload") != std::string::npos;
    Source const a(swarm, "a", of_source ? limit : Words{});
    auto const ended = swarm.in("sink", {"download big.bin"}, of_source ? Words{} : limit);
    CHECK(ended.code == 0);
    CHECK(holds(swarm.directory("sink") / "big.bin", bytes));
    CHECK(ended.event("downloaded").at("seconds") >= seconds_least(bytes.size(), 8 * mib));
}

TEST_CASE("A source's limit of all uploads is shared by its sinks") {
    Swarm swarm;
    write_file(swarm.directory("a") / "one.bin", noise(8 * mib, 1));
    write_file(swarm.directory("a") / "two.bin", noise(8 * mib, 2));
    Source const a(swarm, "a", {"--max-upload-limit", "8M"});
    auto const one = swarm.start("b", {"download one.bin"});
    auto const two = swarm.start("c", {"download two.bin"});
    CHECK(one->wait(2 * patience) == 0);
    CHECK(two->wait(2 * patience) == 0);
    auto const seconds = [](Process const& sink) {
        return events_of(sink.out(), "summary").at(0).at("seconds").get<double>();
    };
    // One after the other or side by side: no second has more than its megabytes.
    CHECK(seconds(*one) + seconds(*two) >= seconds_least(16 * mib, 8 * mib));
}

TEST_CASE("A limit of each transfer is that of each source of a file") {
    Swarm swarm;
    auto const bytes = noise(16 * mib);
    for (std::string const name : {"a", "b"}) {
        write_file(swarm.directory(name) / "big.bin", bytes);
    }
    Words const limit = {"--max-transfer-upload-limit", "4M"};
    Source const a(swarm, "a", limit);
    Source const b(swarm, "b", limit);
    auto const file = swarm.in("sink", {"download big.bin"}).event("downloaded");
    CHECK(file.at("ok") == true);
    CHECK(file.at("seconds") >= seconds_least(bytes.size(), 8 * mib));
    auto const seconds = file.at("seconds").get<double>();
    for (auto const port : {a.port, b.port}) {
        CHECK(bytes_from(file, port) > 0);
        CHECK(seconds >= seconds_least(bytes_from(file, port), 4 * mib));
    }
}

TEST_CASE("A sink's limit of all downloads is that of its files together, and of each alone") {
    Swarm swarm;
    for (std::string const name : {"all/1.bin", "all/2.bin"}) {
        write_file(swarm.directory("a") / name, noise(8 * mib, name == "all/1.bin" ? 1 : 2));
    }
    Source const a(swarm, "a");
    auto const together =
        swarm.in("b", {"download all/*"},
                 {"--max-download-limit", "8M", "--max-transfer-download-limit", "16M"});
    CHECK(together.event("summary").at("seconds") >= seconds_least(16 * mib, 8 * mib));
    auto const each = swarm.in("c", {"download all/*"}, {"--max-transfer-download-limit", "8M"});
    REQUIRE(each.events("downloaded").size() == 2);
    for (auto const& file : each.events("downloaded")) {
        CHECK(file.at("seconds") >= seconds_least(8 * mib, 8 * mib));
    }
}

TEST_CASE("Two thousand small files are one job, from two sources") {
    Swarm swarm;
    constexpr int files = 2000;
    auto const name_of = [](int i) {
        return "many/" + std::to_string(i % 20) + "/" + std::to_string(i) + ".bin";
    };
    auto const bytes_of = [](int i) {
        return noise(static_cast<std::uint64_t>(i) * 7, static_cast<unsigned>(i));
    };
    for (int i = 0; i < files; ++i) {
        for (std::string const peer : {"a", "b"}) {
            write_file(swarm.directory(peer) / name_of(i), bytes_of(i));
        }
    }
    Source const a(swarm, "a");
    Source const b(swarm, "b");
    auto const ended = swarm.in("sink", {"download 'many/**'"}, {"--policy", "libroundrobin.so"});
    CHECK(ended.code == 0);
    auto const summary = ended.event("summary");
    CHECK(summary.at("files") == files);
    CHECK(summary.at("failed") == 0);
    int wrong = 0;
    for (int i = 0; i < files; ++i) {
        wrong += holds(swarm.directory("sink") / name_of(i), bytes_of(i)) ? 0 : 1;
    }
    CHECK(wrong == 0);
    std::uint64_t from_a = 0;
    std::uint64_t from_b = 0;
    for (auto const& file : ended.events("downloaded")) {
        from_a += bytes_from(file, a.port);
        from_b += bytes_from(file, b.port);
    }
    CHECK(from_a > 0);
    CHECK(from_b > 0);
    CHECK(from_a + from_b == summary.at("bytes_fetched"));
}
