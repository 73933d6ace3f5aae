// Sources that send what their hashes do not say.
#include "catch.hpp"
#include "corrupt.hpp"
#include "swarm.hpp"

#include <csignal>

using namespace xfsbus::test;

namespace fs = std::filesystem;

TEST_CASE("A corrupt chunk from the only source ends a download with 8, and nothing is kept") {
    Swarm swarm;
    write_file(swarm.directory("liar") / "file.bin", noise(2 * mib));
    Source const liar(swarm, "liar", {"--no-watch"});
    auto const found = swarm.in("x", {"find file.bin"}).event("source");
    corrupt(liar.directory / "file.bin", mib);
    // By its id: by its name, the sink would go on with what the file is now.
    auto const id = found.at("content").get<std::string>();
    auto const ended = swarm.in("sink", {"download file.bin@" + id});
    CHECK(ended.code == 8);
    auto const file = ended.event("downloaded");
    CHECK(file.at("chunks_rejected") >= 1);
    CHECK(file.at("error").get<std::string>().find("corrupt") != std::string::npos);
    CHECK_FALSE(fs::exists(swarm.directory("sink") / "file.bin"));
    CHECK(ended.says("corrupt data"));
    CHECK(ended.says(std::to_string(liar.port)));
    for (auto const& progress : ended.events("progress")) {
        CHECK(progress.at("bytes_done") < 2 * mib);  // what has failed is not done
    }
}

TEST_CASE("A corrupt source is not used again, and an honest one completes the download") {
    Swarm swarm;
    auto const bytes = noise(4 * mib);
    for (auto const* name : {"liar", "honest"}) {
        write_file(swarm.directory(name) / "file.bin", bytes);
    }
    Source const liar(swarm, "liar", {"--no-watch"});
    Source const honest(swarm, "honest", {"--max-upload-limit", "4M"});
    for (std::uint64_t offset = 5; offset < bytes.size(); offset += mib / 8) {
        corrupt(liar.directory / "file.bin", offset);
    }
    auto const ended = swarm.in("sink", {"download file.bin"}, {"--policy", "libroundrobin.so"});
    CHECK(ended.code == 0);
    CHECK(holds(swarm.directory("sink") / "file.bin", bytes));
    auto const file = ended.event("downloaded");
    CHECK(file.at("chunks_rejected") >= 1);
    for (auto const& source : file.at("sources")) {
        bool const honest_one = source.at("peer") == at(honest.port);
        CHECK(source.at("bytes") == (honest_one ? bytes.size() : 0));
    }
}

TEST_CASE("A file that changed is offered under its new hash after updatelist") {
    Swarm swarm;
    write_file(swarm.directory("a") / "file.bin", noise(mib));
    Shell a(swarm, "a", {"--no-watch"});
    CHECK(a.ask_one("updatelist").at("files") == 1);
    auto const before = swarm.in("b", {"find file.bin"}).event("source").at("content");
    corrupt(a.directory() / "file.bin", 7);
    fs::last_write_time(a.directory() / "file.bin", fs::file_time_type::clock::now());
    CHECK(a.ask_one("updatelist").at("hashed") == 1);
    auto const after = swarm.in("b", {"find file.bin"}).event("source").at("content");
    CHECK(before != after);
    CHECK(swarm.in("b", {"download file.bin"}).code == 0);
    CHECK(holds(swarm.directory("b") / "file.bin", read_file(a.directory() / "file.bin")));
}

TEST_CASE("A part on disk that was damaged between two tries is fetched again") {
    Swarm swarm;
    auto const bytes = noise(8 * mib);
    write_file(swarm.directory("a") / "file.bin", bytes);
    Source const a(swarm, "a");
    auto const sink = swarm.directory("sink");
    auto const download =
        swarm.start("sink", {"download file.bin"}, {"--max-download-limit", "2M"});
    wait_for_progress(*download, mib);
    download->signal(SIGINT);
    CHECK(download->wait() == 7);
    std::size_t parts = 0;
    for (auto const& entry : fs::recursive_directory_iterator(sink)) {
        if (entry.path().extension() == ".part") {
            corrupt(entry.path(), 11);
            ++parts;
        }
    }
    CHECK(parts == 1);
    auto const again = swarm.in("sink", {"download file.bin"});
    CHECK(again.code == 0);
    CHECK(holds(sink / "file.bin", bytes));
    CHECK(again.event("downloaded").at("bytes_fetched") < bytes.size());
}
