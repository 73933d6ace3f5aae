#include "journal_subject.hpp"
#include "samples.hpp"

#include <xfsbus/wire/chunk.hpp>
#include <xfsbus/wire/manifest.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <numeric>
#include <string>
#include <vector>

// "fuzz_seeds CORPUS EXPERIMENTS PLATFORMS" writes the seeds of the fuzzers into the first
// directory, some of what is in the others.

using namespace xfsbus::wire;

namespace {

void write(std::filesystem::path const& directory, std::vector<std::string> const& seeds) {
    std::filesystem::create_directories(directory);
    for (std::size_t i = 0; i < seeds.size(); ++i) {
        std::ofstream file(directory / ("seed-" + std::to_string(i)), std::ios::binary);
        file << seeds[i];
    }
}

std::vector<std::string> messages() {
    std::vector<std::string> seeds;
    for (auto const& list : {samples::one_of_each(), samples::smallest_of_each()}) {
        for (auto const& message : list) {
            auto const frames = encode(message, 1);
            seeds.push_back(frames.header + frames.body);
        }
    }
    return seeds;
}

std::vector<std::string> contents() {
    Manifest const empty{"sha256", 0, chunk_size_for(0), 32, ""};
    Manifest const two{"blake2b", 200'000, chunk_size_for(200'000), 32, std::string(64, 'd')};
    auto const chunk = encode_chunk_header({samples::id<TransferId>(1), 2, 524'288});
    return {
        "m" + encode_manifest(empty),
        "m" + encode_manifest(two),
        "c" + std::string(chunk.data(), chunk.size()),
        "etcp://127.0.0.1:7470",
        "e[fe80::1%eth0]:7471",
        "ehost-1.lan:0",
        "e*:7470",
        "na/b/c.txt",
        "n../\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80",
        "n.xfs-\x1B[0m\\",
        "ga/**/[!a-z]?*.txt\na/b/Ab.txt",
        "g\\*[]]**[\n*]/[",
    };
}

/// None, some, all of the chunks; some of them twice; one too many; and a torn end.
std::vector<std::string> journals() {
    auto const subject = journal_subject();
    auto const journal = [&](std::vector<std::uint32_t> const& chunks) {
        return xfsbus::peer::storage::encode_journal(subject, chunks);
    };
    std::vector<std::uint32_t> all(subject.chunk_count);
    std::iota(all.begin(), all.end(), 0U);
    auto const some = journal({5, 0, 39, 17});
    return {journal({}),          some,
            journal(all),         journal({3, 1, 3, 3}),
            journal({39, 40, 0}), some.substr(0, some.size() - 5)};
}

std::vector<std::string> requests() {
    std::string const host = "Host: 127.0.0.1:8080\r\n";
    return {"GET /files/a%20b.bin HTTP/1.1\r\n" + host + "\r\n",
            "HEAD /files/a?token=0123456789abcdef HTTP/1.1\r\n" + host + "\r\n",
            "GET /files/a HTTP/1.1\r\n" + host +
                "Range: bytes=1-2, -5\r\nIf-Range: \"t\"\r\nIf-Match: *\r\n"
                "If-None-Match: W/\"a\", \"b\"\r\nAuthorization: Bearer x\r\n\r\n",
            "GET /files/a HTTP/1.0\r\n\r\n"};
}

std::vector<std::string> files_in(std::filesystem::path const& folder, std::string const& ending) {
    std::vector<std::filesystem::path> paths;
    for (auto const& each : std::filesystem::directory_iterator(folder)) {
        if (each.path().extension() == ending) {
            paths.push_back(each.path());
        }
    }
    std::ranges::sort(paths);
    std::vector<std::string> all;
    for (auto const& path : paths) {
        std::ifstream stream(path, std::ios::binary);
        all.emplace_back(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
    }
    return all;
}

/// The examples; and such that name a file, which follows a zero byte.
std::vector<std::string> experiments(std::vector<std::string> all, std::string const& platform) {
    std::string const links = "up = \"1MB/s\"\ndown = \"1MB/s\"\n";
    auto const two_peers = [](std::string const& of_first, std::string const& of_second) {
        return "name = \"n\"\nseeds = 1\n[[peers]]\nrole = \"seed\"\n" + of_first + "[[peers]]\n" +
               of_second + "[content]\nsize = \"1M\"\n";
    };
    all.push_back(two_peers({}, {}) + "[platform]\nfile = \"p\"\n" + '\0' + platform);
    all.push_back(two_peers(links + "address = \"a:1\"\n", links + "address = \"b:1\"\n") +
                  "[latency]\nfile = \"l\"\n" + '\0' + "a:1 b:1 5\n");
    all.push_back(two_peers(links, links + "rack = 1\n") +
                  "[latency]\nbetween = \"racks\"\nms = [[1, 2], [3, 4]]\n");
    return all;
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 4) {
        return 2;
    }
    std::filesystem::path const corpus(arguments[1]);
    write(corpus / "decode", messages());
    write(corpus / "content", contents());
    write(corpus / "http", requests());
    write(corpus / "journal", journals());
    auto const platforms = files_in(arguments[3], ".xml");
    write(corpus / "platform", platforms);
    write(corpus / "experiment", experiments(files_in(arguments[2], ".toml"), platforms.at(0)));
    return 0;
}
