#include "samples.hpp"

#include <xfsbus/wire/chunk.hpp>
#include <xfsbus/wire/manifest.hpp>

#include <filesystem>
#include <fstream>
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
    Manifest const two{"blake2b", 300'000, chunk_size_for(300'000), 32, std::string(64, 'd')};
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

}  // namespace

int main(int count, char** arguments) {
    if (count != 2) {
        return 2;
    }
    std::filesystem::path const corpus(arguments[1]);
    write(corpus / "decode", messages());
    write(corpus / "content", contents());
    return 0;
}
