#pragma once

#include "share/share_index.hpp"
#include "share/sqlite.hpp"

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace xfsbus::peer {

/// Remembers the content of files across restarts, in a SQLite file that several peers may use at
/// once. Whatever is wrong with the file is warned of and costs time, never a wrong content id:
/// each row is checked, down to the hash of its manifest. Used by one thread.
class HashCache {
  public:
    using Warn = std::function<void(std::string)>;

    /// `file` empty: remembers nothing. `directory` is the share's, absolute.
    HashCache(std::filesystem::path file, std::string directory,
              std::shared_ptr<policies::HashAlgorithm const> algorithm, Warn warn);
    /// Writes what is not yet written.
    ~HashCache();
    HashCache(HashCache const&) = delete;
    HashCache& operator=(HashCache const&) = delete;

    /// Gives all that is known of the directory, ordered by name, until `take` returns false.
    void load(std::function<bool(IndexedFile)> const& take);

    /// Remembers, and forgets, with the next flush().
    void store(IndexedFile const& file);
    void erase(std::string const& name);

    void flush();

    [[nodiscard]] bool unsaved() const { return !changes_.empty(); }

    [[nodiscard]] bool many_unsaved() const { return changes_.size() >= many; }

  private:
    static constexpr std::size_t many = 2000;

    struct Open;
    using Change = std::optional<IndexedFile>;  ///< nullopt: forget it

    void open();
    void prepare_schema();
    bool replace_damaged();
    void give_up(std::string const& why);
    bool load_rows(std::function<bool(IndexedFile)> const& take);
    void write_changes();
    template <typename Work>
    void guarded(Work work);

    std::filesystem::path file_;
    std::string directory_;
    std::shared_ptr<policies::HashAlgorithm const> algorithm_;
    Warn warn_;
    std::unique_ptr<Open> open_;
    std::map<std::string, Change> changes_;
};

}  // namespace xfsbus::peer
