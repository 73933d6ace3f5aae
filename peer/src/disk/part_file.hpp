#pragma once

#include "disk/journal.hpp"
#include "disk/part_reader.hpp"
#include "disk/tree.hpp"
#include "share/share_index.hpp"

#include <xfsbus/policies/host/hash_algorithm.hpp>
#include <xfsbus/wire/manifest.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace xfsbus::peer {

/// A file on its way: chunks are verified and written to a temporary file beside the final one,
/// `.xfs-<content>-<name>.part`, which takes the final name when it is whole. Never appears
/// incomplete, never replaces a different file unless told to. What an interrupted run left is
/// verified again and used; a Journal beside it, `.xfs-<content>-<name>.journal`, says which of its
/// chunks are worth reading. Nothing that was stored is lost if the program is killed; neither file
/// is synced, so that after a power cut the next run may find less.
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
        /// A file of the same size under the final name is an older or damaged copy: what is right
        /// in it is used, and it is replaced. It stays as it is until then.
        bool repair = false;
    };

    /// What is found under the final name.
    enum class Present {
        nothing,
        same,   ///< the content that is wanted
        other,  ///< something else
    };
    /// Reads the file if there is one. `stop` is asked between chunks; once it says yes, what is
    /// returned means nothing.
    static Result<Present> look(Target const& target, std::function<bool()> const& stop);
    /// What to say of `other` where it is not to be replaced.
    static Error exists_already(Target const& target);

    explicit PartFile(Target target);
    /// Closes; what was stored stays for the next run, an empty temporary does not.
    ~PartFile();
    PartFile(PartFile const&) = delete;
    PartFile& operator=(PartFile const&) = delete;

    /// Opens what an earlier run left, or makes and preallocates the temporary file. Returns the
    /// chunks that are there and verified, ascending. `stop` is asked between chunks; once it says
    /// yes, there is nothing left to do with this object but to end it.
    Result<std::vector<std::uint32_t>> open(std::function<bool()> const& stop);

    /// How many of the chunks that open() returned were copied from the file to be repaired.
    [[nodiscard]] std::uint32_t chunks_reused() const { return reused_; }

    /// A way to read what is stored, for others. Between open() and finish(); fails with
    /// Errc::disk if the temporary file has lost its name.
    [[nodiscard]] Result<std::shared_ptr<PartReader const>> reader() const;

    enum class Stored {
        yes,
        last,     ///< and with it the file is whole
        corrupt,  ///< not what the manifest says; not written
    };
    /// Verifies the bytes of a chunk that was not stored before, and writes them.
    Result<Stored> store(std::uint32_t chunk, std::span<std::byte const> bytes);

    /// Gives the whole file its final name. Fails with Errc::disk if another file has it that is
    /// not to be replaced or repaired.
    Result<IndexedFile> finish();

  private:
    [[nodiscard]] std::string leaf(std::string_view suffix) const;

    [[nodiscard]] std::string part_leaf() const { return leaf(".part"); }

    Status lock();
    void find_journal();
    Status reserve_space();
    void discard();
    void discard_if_empty();
    std::vector<std::uint32_t> scan(std::function<bool()> const& stop);
    Status reuse_old(std::vector<std::uint32_t>& chunks, std::function<bool()> const& stop);
    Result<std::uint32_t> write(std::uint32_t chunk, std::span<std::byte const> bytes);

    Target target_;
    Place place_;
    files::Fd fd_;
    std::optional<Journal> journal_;  ///< none for a file of one chunk: it is there, or it is not
    std::atomic<std::uint32_t> stored_{0};
    std::uint32_t reused_ = 0;
    bool scanned_ = false;  ///< what an earlier run left was looked at to its end
};

}  // namespace xfsbus::peer
