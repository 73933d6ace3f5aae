#pragma once

#include "disk/tree.hpp"
#include "share/share_index.hpp"

#include <xfsbus/policies/host/hash_algorithm.hpp>
#include <xfsbus/wire/manifest.hpp>

#include <atomic>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace xfsbus::peer {

/// A file on its way: chunks are verified and written to a temporary file beside the final one,
/// `.xfs-<content>-<name>.part`, which takes the final name when it is whole. Never appears
/// incomplete, never replaces a different file unless told to. What an interrupted run left is
/// verified again and used.
///
/// store() may be called on several threads at once; everything else by one at a time.
class PartFile {
  public:
    struct Target {
        std::shared_ptr<Tree const> tree;
        std::string name;
        wire::ContentId content;
        std::shared_ptr<wire::Manifest const> manifest;
        std::shared_ptr<policies::HashAlgorithm const> algorithm;
        bool replace = false;  ///< a different file under the final name
    };

    /// What is found under the final name.
    enum class Present {
        nothing,
        same,   ///< the content that is wanted
        other,  ///< something else
    };
    /// Reads the file if there is one.
    static Result<Present> look(Target const& target);

    explicit PartFile(Target target);
    /// Closes; what was stored stays for the next run, an empty temporary does not.
    ~PartFile();
    PartFile(PartFile const&) = delete;
    PartFile& operator=(PartFile const&) = delete;

    /// Opens what an earlier run left, or makes and preallocates the temporary file. Returns the
    /// chunks that are there and verified. `stop` is asked between chunks.
    Result<std::vector<std::uint32_t>> open(std::function<bool()> const& stop);

    enum class Stored {
        yes,
        last,     ///< and with it the file is whole
        corrupt,  ///< not what the manifest says; not written
    };
    /// Verifies the bytes of a chunk that was not stored before, and writes them.
    Result<Stored> store(std::uint32_t chunk, std::span<std::byte const> bytes);

    /// Gives the whole file its final name. Fails with Errc::disk if another file has it.
    Result<IndexedFile> finish();

  private:
    [[nodiscard]] std::string part_leaf() const;
    [[nodiscard]] bool verify(std::uint32_t chunk, std::span<std::byte const> bytes) const;
    Status lock();
    Status reserve_space();
    void discard_if_empty();
    std::vector<std::uint32_t> scan(std::function<bool()> const& stop);

    Target target_;
    Place place_;
    Fd fd_;
    std::atomic<std::uint32_t> stored_{0};
    bool scanned_ = false;  ///< what an earlier run left was looked at to its end
};

}  // namespace xfsbus::peer
