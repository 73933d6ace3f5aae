#pragma once

#include "catch.hpp"
#include "sample.hpp"
#include "storage/part_file.hpp"
#include "temp_dir.hpp"

#include <xfsbus/policies/host/hash_algorithm.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace xfsbus::peer::storage::test {

namespace fs = std::filesystem;

using xfsbus::test::chunk_bytes;
using xfsbus::test::Sample;
using xfsbus::test::sample;
using xfsbus::test::sha256;
using xfsbus::test::with_bytes;

inline std::string read(fs::path const& path) {
    std::error_code error;
    auto const size = fs::file_size(path, error);
    std::string bytes(error ? 0 : size, '\0');
    std::ifstream file(path, std::ios::binary);
    file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    bytes.resize(static_cast<std::size_t>(file.gcount()));
    return bytes;
}

inline void write(fs::path const& path, std::string_view bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
}

inline bool never() {
    return false;
}

using Chunks = std::vector<std::uint32_t>;
using Stored = PartFile::Stored;

/// Four chunks, the last one short.
inline Sample const& four() {
    static Sample const four = sample(3 * chunk_bytes + 1000);
    return four;
}

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

    /// Every temporary file, of whichever kind.
    [[nodiscard]] std::vector<fs::path> temporaries() const {
        std::vector<fs::path> found;
        for (auto const& entry : fs::recursive_directory_iterator(root)) {
            if (entry.path().filename().string().starts_with(".xfs-")) {
                found.push_back(entry.path());
            }
        }
        return found;
    }

    /// Those that hold chunks.
    [[nodiscard]] std::vector<fs::path> parts() const {
        auto found = temporaries();
        std::erase_if(found, [](fs::path const& path) { return path.extension() != ".part"; });
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

/// The journal that belongs to a temporary file.
inline fs::path journal_of(fs::path part) {
    return part.replace_extension(".journal");
}

/// Stores all chunks but these.
inline void store_others(PartFile& part, Sample const& sample, Chunks const& present = {}) {
    auto left = sample.manifest->layout().chunks - present.size();
    for (std::uint32_t chunk = 0; chunk < sample.manifest->layout().chunks; ++chunk) {
        if (std::ranges::find(present, chunk) == present.end()) {
            auto const stored = part.store(chunk, sample.chunk(chunk));
            REQUIRE(stored);
            REQUIRE(*stored == (--left == 0 ? Stored::last : Stored::yes));
        }
    }
}

/// A whole download.
inline Result<swarm::IndexedFile> download(PartFile::Target const& target, Sample const& sample) {
    PartFile part(target);
    auto const present = part.open(never);
    REQUIRE(present);
    store_others(part, sample, *present);
    return part.finish();
}

inline void refused(Error const& error, std::string const& why) {
    CHECK(error.code == Errc::disk);
    CHECK_THAT(error.message, ContainsSubstring(why));
}

/// SHA-256, and how many digests were made with it.
class CountedHash {
  public:
    [[nodiscard]] std::shared_ptr<policies::HashAlgorithm const> const& algorithm() const {
        return algorithm_;
    }

    /// Since the last call.
    std::uintmax_t take() {
        auto const count = fs::file_size(tally_);
        fs::resize_file(tally_, 0);
        return count;
    }

  private:
    xfsbus::test::TempDir dir_;
    fs::path tally_ = dir_.path() / "tally";
    std::shared_ptr<policies::HashAlgorithm const> algorithm_ = policies::load_integrity(
        {XFS_COUNTING_HASH, {{"tally", tally_.string()}}}, policies::PluginPath({}));
};

class TempDisk : private xfsbus::test::TempDir, public Disk {
  public:
    TempDisk() : Disk(TemporaryDirectory::path()) {}
};

}  // namespace xfsbus::peer::storage::test
