// What an earlier run left on disk, whatever became of it since.
#include "catch.hpp"
#include "swarm.hpp"

#include <csignal>
#include <fstream>

using namespace xfsbus::test;

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t chunk_bytes = mib / 8;

/// Those in the directory that end so.
std::vector<fs::path> ending(fs::path const& directory, std::string const& extension) {
    std::vector<fs::path> found;
    for (auto const& entry : fs::directory_iterator(directory)) {
        if (entry.path().extension() == extension) {
            found.push_back(entry.path());
        }
    }
    return found;
}

/// The only one.
fs::path the(fs::path const& directory, std::string const& extension) {
    auto const found = ending(directory, extension);
    REQUIRE(found.size() == 1);
    return found[0];
}

void flip(fs::path const& path, std::uint64_t offset) {
    auto bytes = read_file(path);
    bytes.at(offset) = static_cast<char>(bytes.at(offset) ^ 1);
    write_file(path, bytes);
}

/// A directory in which a download of some megabytes of big.bin was killed.
class Interrupted {
  public:
    Interrupted() {
        write_file(swarm.directory("a") / "big.bin", bytes);
        write_file(swarm.directory("a") / "other.bin", noise(8 * mib, 2));
        a = std::make_unique<Source>(swarm, "a");
        interrupt("sink", "big.bin");
        sink = swarm.directory("sink");
    }

    void interrupt(std::string const& directory, std::string const& file) const {
        auto const download =
            swarm.start(directory, {"download " + file}, {"--max-download-limit", "4M"});
        wait_for_progress(*download, 3 * mib);
        download->signal(SIGKILL);
        download->wait();
    }

    /// Does it again and checks that it is right; what it took.
    [[nodiscard]] Json resume() const {
        auto const ended = swarm.in("sink", {"download big.bin"});
        CHECK(ended.code == 0);
        CHECK(holds(sink / "big.bin", bytes));
        CHECK(ending(sink, ".journal").empty());
        CHECK(ending(sink, ".part").empty());
        return ended.event("downloaded");
    }

    Swarm swarm;
    std::string bytes = noise(8 * mib);
    std::unique_ptr<Source> a;
    fs::path sink;
};

/// A swarm, and a peer of it that has big.bin.
struct Shared {
    explicit Shared(std::uint64_t size, Words const& options = {}) : bytes(noise(size)) {
        write_file(swarm.directory("a") / "big.bin", bytes);
        a = std::make_unique<Source>(swarm, "a", options);
    }

    Swarm swarm;
    std::string bytes;
    std::unique_ptr<Source> a;
};

/// The same, while a download of it to the sink's directory is under way, which takes 2 seconds.
struct UnderWay : Shared {
    explicit UnderWay(std::string const& command)
        : Shared(8 * mib, {"--max-upload-limit", "4M"}), download(swarm.start("sink", {command})) {
        wait_for_progress(*download);
    }

    std::unique_ptr<Process> download;
};

}  // namespace

TEST_CASE("A download goes on with what the journal says and the part holds") {
    Interrupted const test;
    auto const file = test.resume();
    CHECK(file.at("bytes_resumed") >= 3 * mib);
    CHECK(file.at("chunks_rejected") == 0);
}

TEST_CASE("A journal that is missing or not one only makes the part be read as a whole") {
    Interrupted const test;
    auto const journal = the(test.sink, ".journal");
    auto const what =
        GENERATE(as<std::string>{}, "missing", "empty", "torn", "noise", "header", "directory");
    INFO(what);
    auto const right = read_file(journal);
    fs::remove(journal);
    if (what == "empty") {
        write_file(journal, "");
    } else if (what == "torn") {
        write_file(journal, right.substr(0, 40));
    } else if (what == "noise") {
        write_file(journal, noise(1000));
    } else if (what == "header") {
        write_file(journal, right);
        flip(journal, 20);
    } else if (what == "directory") {
        fs::create_directory(journal);
    }
    auto const ended = test.swarm.in("sink", {"download big.bin"});
    CHECK(ended.code == 0);
    CHECK(holds(test.sink / "big.bin", test.bytes));
    CHECK(ended.event("downloaded").at("bytes_resumed") >= 3 * mib);
}

TEST_CASE("A journal that is damaged in the middle is good as far as it is right") {
    Interrupted const test;
    auto const journal = the(test.sink, ".journal");
    auto const records_begin = 336U;
    flip(journal, records_begin + 4 * 16);  // in the fifth record
    auto const file = test.resume();
    CHECK(file.at("bytes_resumed") == 4 * chunk_bytes);
}

TEST_CASE("A journal of another file, or another run, is not believed") {
    Interrupted const test;
    auto const journal = the(test.sink, ".journal");
    auto const whose = GENERATE(as<std::string>{}, "other.bin", "big.bin");
    INFO(whose);
    test.interrupt("elsewhere", whose);
    auto const foreign = the(test.swarm.directory("elsewhere"), ".journal");
    fs::copy_file(foreign, journal, fs::copy_options::overwrite_existing);
    CHECK(test.resume().at("bytes_resumed") >= 3 * mib);
}

TEST_CASE("A journal that claims more than the part holds is checked against the part") {
    Interrupted const test;
    auto const part = the(test.sink, ".part");
    auto bytes = read_file(part);
    auto const damaged = bytes.substr(0, mib) + std::string(bytes.size() - mib, 'x');
    {
        std::fstream file(part, std::ios::binary | std::ios::in | std::ios::out);
        file << damaged;  // in place: a new file would have another inode, and so no journal
    }
    CHECK(test.resume().at("bytes_resumed") <= mib);
}

TEST_CASE("With --repair a damaged file is mended, and its bad chunks only are fetched") {
    Shared const test(16 * mib);
    write_file(test.swarm.directory("sink") / "big.bin", test.bytes);
    auto const damaged = test.swarm.directory("sink") / "big.bin";
    for (auto const chunk : {0U, 17U, 63U}) {
        flip(damaged, chunk * chunk_bytes + 1000);
    }
    auto const ended = test.swarm.in("sink", {"download big.bin --repair"});
    CHECK(ended.code == 0);
    auto const file = ended.event("downloaded");
    CHECK(file.at("bytes_fetched") == 3 * chunk_bytes);
    CHECK(file.at("bytes_resumed") == test.bytes.size() - 3 * chunk_bytes);
    CHECK(holds(damaged, test.bytes));
}

TEST_CASE("A peer that offers its damaged file itself repairs it from one that has the right one") {
    Shared const test(2 * mib);
    write_file(test.swarm.directory("sink") / "big.bin", test.bytes);
    flip(test.swarm.directory("sink") / "big.bin", 1000);
    Shell sink(test.swarm, "sink");
    sink.ask("updatelist");
    CHECK(sink.ask("find big.bin").size() == 2);
    sink.begin("download big.bin --repair");
    auto const file = sink.finish_download();
    CHECK(file.at("ok") == true);
    CHECK(file.at("bytes_fetched") == chunk_bytes);
    CHECK(holds(sink.directory() / "big.bin", test.bytes));
}

TEST_CASE("A file that is downloaded twice in one shell, under two names, is right under both") {
    Shared const test(4 * mib);
    Shell sink(test.swarm, "sink");
    sink.process().type("download big.bin -o one.bin\ndownload big.bin -o two.bin\n");
    sink.process().close_input();
    CHECK(sink.process().wait(2 * patience) == 0);
    CHECK(holds(sink.directory() / "one.bin", test.bytes));
    CHECK(holds(sink.directory() / "two.bin", test.bytes));
}

TEST_CASE("Two peers that share a directory may fetch a file at once under two names") {
    UnderWay const one("download big.bin -o one.bin");
    auto const two = one.swarm.start("sink", {"download big.bin -o two.bin"});
    CHECK(one.download->wait(2 * patience) == 0);
    CHECK(two->wait(2 * patience) == 0);
    CHECK(holds(one.swarm.directory("sink") / "one.bin", one.bytes));
    CHECK(holds(one.swarm.directory("sink") / "two.bin", one.bytes));
}

TEST_CASE("Of two peers that fetch a file to the same place at once, the second says so with 9") {
    UnderWay const first("download big.bin");
    auto const second = first.swarm.in("sink", {"download big.bin"});
    CHECK(second.code == 9);
    CHECK_THAT(second.event("downloaded").at("error").get<std::string>(),
               ContainsSubstring("is being downloaded to the same place already"));
    CHECK(first.download->wait(2 * patience) == 0);
    CHECK(holds(first.swarm.directory("sink") / "big.bin", first.bytes));
}
