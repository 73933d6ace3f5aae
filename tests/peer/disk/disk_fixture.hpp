#pragma once

#include "catch.hpp"
#include "disk/part_file.hpp"
#include "temp_dir.hpp"

#include <xfsbus/policies/host/hash_algorithm.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace xfsbus::peer::test {

namespace fs = std::filesystem;

inline std::shared_ptr<policies::HashAlgorithm const> sha256() {
    static auto const algorithm = policies::load_integrity(
        policies::parse_plugin_spec("sha256"), policies::PluginPath({XFS_TEST_PLUGINS}));
    return algorithm;
}

/// A file's bytes, and what is known of them.
struct Sample {
    std::string bytes;
    std::shared_ptr<wire::Manifest const> manifest;
    wire::ContentId content;

    [[nodiscard]] std::span<std::byte const> chunk(std::uint32_t index) const {
        return std::as_bytes(std::span(bytes))
            .subspan(manifest->chunk_offset(index), manifest->chunk_length(index));
    }
};

inline constexpr std::size_t chunk_bytes = 256 * 1024;

inline Sample sample(std::size_t size, unsigned seed = 1) {
    Sample sample;
    std::mt19937 random(seed);
    sample.bytes.resize(size);
    for (auto& byte : sample.bytes) {
        byte = static_cast<char>(random());
    }
    wire::Manifest manifest{"sha256", size, wire::chunk_size_for(size), 32, {}};
    auto const all = std::as_bytes(std::span(sample.bytes));
    for (std::uint32_t chunk = 0; chunk < manifest.chunk_count(); ++chunk) {
        auto const digest = policies::digest(
            *sha256(), all.subspan(manifest.chunk_offset(chunk), manifest.chunk_length(chunk)));
        manifest.digests.append(reinterpret_cast<char const*>(digest.data()), digest.size());
    }
    auto const canonical = wire::encode_manifest(manifest);
    auto const digest = policies::digest(*sha256(), std::as_bytes(std::span(canonical)));
    sample.content =
        wire::ContentId::from({reinterpret_cast<char const*>(digest.data()), digest.size()})
            .value();
    sample.manifest = std::make_shared<wire::Manifest const>(std::move(manifest));
    return sample;
}

inline std::string read(fs::path const& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

inline void write(fs::path const& path, std::string_view bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
}

inline bool never() {
    return false;
}

using Chunks = std::vector<std::uint32_t>;

/// A directory to download to.
class Disk {
  public:
    explicit Disk(fs::path its_root) : root(std::move(its_root)), tree(Tree::open(root).value()) {}

    fs::path root;
    std::shared_ptr<Tree const> tree;

    [[nodiscard]] PartFile::Target target(Sample const& sample, std::string name = "file",
                                          bool replace = false) const {
        return {tree, std::move(name), sample.content, sample.manifest, sha256(), replace};
    }

    /// The temporary files.
    [[nodiscard]] std::vector<fs::path> parts() const {
        std::vector<fs::path> found;
        for (auto const& entry : fs::recursive_directory_iterator(root)) {
            if (entry.path().extension() == ".part") {
                found.push_back(entry.path());
            }
        }
        return found;
    }

    /// What is left of a run that got these chunks and ended; its path.
    [[nodiscard]] fs::path interrupted(Sample const& sample, Chunks const& chunks) const {
        {
            PartFile part(target(sample));
            REQUIRE(part.open(never));
            for (auto const chunk : chunks) {
                REQUIRE(part.store(chunk, sample.chunk(chunk)).value() == PartFile::Stored::yes);
            }
        }
        REQUIRE(parts().size() == 1);
        return parts().front();
    }
};

class TempDisk : private xfsbus::test::TempDir, public Disk {
  public:
    TempDisk() : Disk(TempDir::path()) {}
};

}  // namespace xfsbus::peer::test
