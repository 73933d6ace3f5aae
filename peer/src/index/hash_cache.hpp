#pragma once

#include "index/share_index.hpp"
#include "index/sqlite.hpp"

#include <atomic>
#include <cstddef>
#include <exception>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace xfsbus::peer::index {

/// Remembers the content of files across restarts, in a SQLite file that several peers may use at
/// once. Whatever is wrong with the file is warned of and costs time, never a wrong content id:
/// each row is checked, down to the hash of its manifest. Used by one thread; reads on another.
class HashCache {
  public:
    using Warn = std::function<void(std::string)>;
    using Take = std::function<void(std::vector<swarm::IndexedFile>)>;
    using Done = std::function<void()>;

    /// `file` empty: remembers nothing. `directory` is the share's, absolute.
    HashCache(std::filesystem::path file, std::string directory,
              std::shared_ptr<policies::HashAlgorithm const> algorithm, Warn warn);
    /// Writes what is not yet written.
    ~HashCache();
    HashCache(HashCache const&) = delete;
    HashCache& operator=(HashCache const&) = delete;

    /// Gives all that is known of the directory, ordered by name and so many at once, to `take`,
    /// then calls `done`, both on a thread of its own: it takes as long as a walk through the
    /// directory. False, and neither is called, if there is nothing to be read. Once at most.
    bool begin_load(Take take, Done done);
    /// When `done` was called: what was wrong is warned of, and what was noted meanwhile is written
    /// with the next flush().
    void end_load();

    /// Remembers, and forgets, with the next flush() that is not while it is read.
    void store(swarm::IndexedFile const& file);
    void erase(std::string const& name);

    void flush();

    [[nodiscard]] bool unsaved() const { return !changes_.empty(); }

    [[nodiscard]] bool many_unsaved() const { return changes_.size() >= many; }

  private:
    static constexpr std::size_t many = 2000;

    struct Open;
    using Change = std::optional<swarm::IndexedFile>;  ///< nullopt: forget it

    void open();
    void prepare_schema();
    bool replace_damaged();
    void give_up(std::string const& why);
    void load(Take const& take);
    bool load_rows(Take const& take) const;
    void write_changes();
    template <typename Work>
    void guarded(Work work);

    std::filesystem::path file_;
    std::string directory_;
    std::shared_ptr<policies::HashAlgorithm const> algorithm_;
    Warn warn_;
    std::unique_ptr<Open> open_;
    std::map<std::string, Change> changes_;

    // What the reading thread leaves for end_load().
    bool damaged_ = false;
    std::exception_ptr failure_;
    std::atomic<bool> enough_ = false;  ///< nobody wants the rest of it
    std::thread loader_;
};

}  // namespace xfsbus::peer::index
