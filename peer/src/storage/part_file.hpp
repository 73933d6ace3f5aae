#pragma once

#include "storage/journal.hpp"
#include "storage/last_place.hpp"
#include "storage/part_lock.hpp"
#include "storage/part_reader.hpp"
#include "storage/temporary.hpp"
#include "storage/tree.hpp"
#include "storage/written_files.hpp"

#include <xfsbus/peer/durability.hpp>
#include <xfsbus/policies/host/hash_algorithm.hpp>
#include <xfsbus/swarm/indexed_file.hpp>
#include <xfsbus/wire/manifest.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace xfsbus::peer::storage {

/// A file on its way: chunks are verified and written to a temporary file beside the final one,
/// `.xfs-<content>-<name>.part`, which takes the final name when it is whole. Never appears
/// incomplete, never replaces a different file unless told to. What an interrupted run left is
/// verified again and used; a Journal beside it, `.xfs-<content>-<name>.journal`, says which of its
/// chunks are worth reading. Nothing that was stored is lost if the program is killed. With
/// Durability::power a power cut costs no more than sync_bytes or sync_time of what was stored,
/// and nothing of a file that has its name.
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
        bool pushed = false;  ///< by another peer, for which remedies are others
        Durability durability = Durability::process;
        bool executable = false;                  ///< for whoever may read it
        std::optional<std::int64_t> mtime_ns{};   ///< what it is to have; nullopt: about now
        std::shared_ptr<WrittenFiles> written{};  ///< by the same job; null: there is no job
        std::shared_ptr<LastPlace> last_place{};  ///< of the same job; null: there is no job
        /// Something is not as it should be, but the download goes on. On the calling thread.
        std::function<void(std::string const&)> warn{};
    };

    /// With Durability::power no more than this is stored and not synced.
    static constexpr std::uint64_t sync_bytes = 64ULL * 1024 * 1024;
    static constexpr auto sync_time = std::chrono::seconds(2);

    /// What is found under the final name.
    enum class Present {
        nothing,
        same,   ///< the content that is wanted
        other,  ///< something else
    };

    explicit PartFile(Target target);
    /// Closes; what was stored stays for the next run, an empty temporary does not.
    ~PartFile();
    PartFile(PartFile const&) = delete;
    PartFile& operator=(PartFile const&) = delete;

    /// Reads the file if there is one. Errc::disk if it cannot be read, or if something stands
    /// there that no file can take the place of. `stop` is asked between chunks; once it says yes,
    /// what is returned means nothing.
    Result<Present> look(std::function<bool()> const& stop);

    /// Opens what an earlier run left, or makes and preallocates the temporary file. Returns the
    /// chunks that are there and verified, ascending. `stop` is asked between chunks; once it says
    /// yes, there is nothing left to do with this object but to end it.
    Result<std::vector<std::uint32_t>> open(std::function<bool()> const& stop);

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
    Result<swarm::IndexedFile> finish();

    /// Whether a call has failed because there was no room on the disk.
    [[nodiscard]] bool lacked_room() const { return lacked_room_; }

    /// Whether it is to survive a power cut: then a Committer is to end it, with others.
    [[nodiscard]] bool commits() const { return target_.durability == Durability::power; }

    // ---- the steps of finish(), for whoever ends many files together; see Committer ----

    /// Its attributes are what they are to be, and its bytes begin to go to the disk.
    Status begin_end();
    /// Its bytes survive a power cut.
    Status sync();
    /// It has its name.
    Result<swarm::IndexedFile> name_it();

    /// Where it has its name; to be synced.
    [[nodiscard]] std::shared_ptr<files::Fd const> directory() const { return place_.directory; }

    /// That could not be done.
    [[nodiscard]] Error name_not_safe(int error) const;

  private:
    static Result<Present> look_at(Target const& target, Place const& at,
                                   std::function<bool()> const& stop);
    static Result<Present> compare(Target const& target, Place const& at,
                                   std::function<bool()> const& stop);
    Result<Place> find_place(Tree::Make make);
    static Error one_name(Target const& target, std::string const& other);
    Result<std::vector<std::uint32_t>> open_part(std::function<bool()> const& stop);
    Status make_small();
    [[nodiscard]] bool lock_small();
    [[nodiscard]] Error cannot_make(int error);
    Status lock();
    void find_journal();
    Status reserve_space();
    void set_attributes();
    [[nodiscard]] files::Fd keep_lock() const;
    [[nodiscard]] Status check_place() const;
    Status sync_some(std::uint64_t bytes);
    Error cannot_sync(int error);
    Result<swarm::IndexedFile> on_name_taken(int error);
    [[nodiscard]] std::optional<std::string> written_as() const;
    [[nodiscard]] swarm::IndexedFile indexed(int fd) const;
    [[nodiscard]] Error no_room(int error);
    void warn(std::string const& text) const;
    void discard();
    void remove_journal();
    void discard_if_empty();
    std::vector<std::uint32_t> scan(std::function<bool()> const& stop);
    Status reuse_old(std::vector<std::uint32_t>& chunks, std::function<bool()> const& stop);
    Result<std::uint32_t> write(std::uint32_t chunk, std::span<std::byte const> bytes);

    Target target_;
    Place place_;
    std::optional<TemporaryNames> names_;
    files::Fd fd_;
    files::Fd kept_;  ///< of a small file: reads it, and has the lock
    PartLock lock_;
    std::optional<Journal> journal_;  ///< none for a file of one chunk: it is there, or it is not
    std::atomic<std::uint32_t> stored_{0};
    std::atomic<bool> lacked_room_{false};
    bool scanned_ = false;                    ///< what an earlier run left was looked at to its end
    std::atomic<std::uint64_t> unsynced_{0};  ///< bytes
    std::mutex syncing_;                      ///< one thread syncs at a time
    std::chrono::steady_clock::time_point synced_at_{};
};

/// What to say where PartFile::look() has found `other`, which is not to be replaced.
[[nodiscard]] Error exists_already(PartFile::Target const& target);

}  // namespace xfsbus::peer::storage
