#include "journal_subject.hpp"
#include "samples.hpp"

#include <xfsbus/wire/chunk.hpp>
#include <xfsbus/wire/manifest.hpp>

#include <filesystem>
#include <fstream>
#include <numeric>
#include <string>
#include <vector>

// Writes the seeds of the fuzzers into the directory named by the first argument.

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

}  // namespace

int main(int count, char** arguments) {
    if (count != 2) {
        return 2;
    }
    std::filesystem::path const corpus(arguments[1]);
    write(corpus / "decode", messages());
    write(corpus / "content", contents());
    write(corpus / "http", requests());
    write(corpus / "journal", journals());
    return 0;
}
