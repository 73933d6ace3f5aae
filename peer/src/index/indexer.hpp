#pragma once

#include "index/change_batch.hpp"
#include "index/file_table.hpp"
#include "index/hash_cache.hpp"
#include "index/hash_workers.hpp"
#include "index/ignores.hpp"
#include "index/mailbox.hpp"
#include "index/mounts.hpp"
#include "index/pending_files.hpp"
#include "index/scanner.hpp"
#include "index/share_index.hpp"
#include "index/watcher.hpp"
#include "storage/sight.hpp"
#include "storage/tree.hpp"
#include "threads/lookout.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace xfsbus::peer::index {

/// The index: walks, hears of changes, hands files to the hashing threads, reports. Everything
/// happens in turns, each of which does a little of all, so that none waits for long. One thread at
/// a time.
class Indexer {
  public:
    using Scanned = std::function<void(ScanSummary const&)>;

    struct Parts {
        ShareIndex::Options const& options;
        ShareIndex::Events const& events;
        storage::Tree const& tree;  ///< of the directory
        Mailbox& mailbox;
        SharedWatch const& watch;
        std::function<void()> hurry;  ///< a turn is to be made; any thread calls it
        std::stop_token stop;
    };

    explicit Indexer(Parts const& parts);

    /// What the next turn waits for.
    struct Wait {
        threads::Lookout::What what;
        bool whole = false;  ///< also if there are letters
    };

    /// Before the first turn.
    void begin();
    void turn();
    [[nodiscard]] Wait next_wait() const;
    /// After the last turn.
    void end();

    void rescan(Scanned done);

    void recheck(std::string const& name);
    void verify(std::string const& name);

    /// `known`: when its content and its stamp were.
    void add(swarm::IndexedFile file, std::chrono::system_clock::time_point known);

  private:
    using Clock = std::chrono::steady_clock;
    using Time = Clock::time_point;

    static constexpr std::uint64_t no_walk = 0;
    /// Between tries to open something for which there are no descriptors.
    static constexpr auto shortage_interval = std::chrono::milliseconds(500);

    /// How many there are, and one of them.
    struct Tally {
        void add(std::string const& name) {
            example = count == 0 ? name : std::min(example, name);
            ++count;
        }

        std::uint64_t count = 0;
        std::string example{};  ///< the first in the order of names, so that it is always the same
    };

    /// A walk through the whole share, until all files that it found are known.
    struct Walk {
        std::uint64_t number = 0;
        bool walking = true;
        std::uint64_t waits_for = 0;  ///< files still to be read
        std::uint64_t hashed = 0;
        std::uint64_t skipped = 0;
        Tally links{};
        Tally ignored{};
        Tally private_files{};
        std::vector<Scanned> done{};
    };

    using Root = std::shared_ptr<files::Fd const>;

    /// A file that the walk found before it was known whether the cache knows it.
    struct Unsure {
        std::string name;
        swarm::FileStamp stamp;
    };

    [[nodiscard]] std::optional<Time> next_deadline() const;

    // The directory itself.
    void check_root();
    void begin_at(Root root);
    void leave_root(std::string trouble);
    void forget_work();
    [[nodiscard]] Time root_due() const;
    void look_at_mounts();

    // Walking.
    [[nodiscard]] std::optional<Time> walk_due() const;
    void walk_some();
    void start_walk();
    void end_walk();
    Scanner make_scanner(std::string directory);
    Walk* find_walk(std::uint64_t number);
    void finish_walks();
    void tell(Walk const& walk);
    void load_ignores();
    bool is_ignored(std::string const& name);
    void found(std::string const& name, storage::Sight const& sight);
    void answer(ScanSummary const& summary, std::vector<Scanned> const& waiting) const;

    // What the cache remembers, which comes while the walk goes on.
    void begin_recall();
    void end_recall();
    void consider_unsure();
    [[nodiscard]] bool waits_for_cache() const;

    [[nodiscard]] bool is_recalling() const { return recalls_ || !unsure_.empty(); }

    // Changes.
    void read_events();
    [[nodiscard]] std::optional<Time> changes_due() const;
    void apply_changes();
    void drop_directory(std::string const& name);
    void look_at_attributes(Watcher::Changes const& changes);

    // One file.
    storage::Sight look(std::string const& name) { return looks_.at(root_->get(), name); }

    void check(std::string const& name, std::uint64_t walk, bool force);
    void consider(std::string const& name, swarm::FileStamp const& stamp, std::uint64_t walk,
                  bool force);
    void consider(std::string const& name, swarm::FileStamp const& stamp, std::uint64_t walk,
                  bool force, FileTable::Entry* entry);
    void refuse(std::string const& name, std::string_view why, std::uint64_t walk);
    void warn_of_shortage(std::string_view why);
    void warn_once(std::string text);
    using Say = std::function<void(std::string_view)>;
    void say_once(std::string text, Say const& say);

    // Hashing.
    [[nodiscard]] bool has_room() const;
    void start_hashing();
    void on_outcome(Root const& root, std::string const& name, HashOutcome outcome);
    bool settle(std::string const& name, PendingFiles::File& file, HashOutcome& outcome);
    void take(std::string const& name, PendingFiles::File const& file, HashedFile& hashed);
    void release(std::uint64_t walk);

    // Reporting.
    void warn(std::string const& text) const;
    [[nodiscard]] bool idle() const;
    void report_if_due();
    void report();
    void save_if_due();

    ShareIndex::Options const& options_;
    ShareIndex::Events const& events_;
    storage::Tree const& tree_;
    Mailbox& mailbox_;
    std::stop_token stop_;
    Time now_ = Clock::now();

    storage::Looks looks_;  ///< of this turn
    Root root_;             ///< what is indexed; null: there is nothing at the path of the share
    std::string trouble_;   ///< then, why
    Time checked_root_ = now_;

    Ignores ignores_;
    HashCache cache_;
    ChangeBatch batch_;
    FileTable table_;
    std::optional<Watcher> watcher_;
    std::optional<Mounts> mounts_;
    PendingFiles pending_;
    bool recalls_ = false;  ///< more is to come of the cache
    std::vector<Unsure> unsure_;
    std::unordered_map<std::string, Time> verified_;  ///< lately
    bool takes_over_ = false;                         ///< in this turn, what was downloaded
    std::set<std::string> unreadable_;                ///< files that are left out because of that

    bool walk_wanted_ = true;
    std::vector<Scanned> wanted_by_;
    std::deque<std::string> new_directories_;
    std::optional<Scanner> scanner_;
    std::uint64_t scanning_for_ = no_walk;
    Time scan_after_ = now_;
    std::uint64_t walk_number_ = no_walk;
    std::deque<Walk> walks_;  ///< begun, oldest first
    Time walk_began_ = now_;
    Time walk_ended_ = now_;
    bool remote_ = false;  ///< some directory is on a file system that others change, too

    Watcher::Changes changes_;
    Time first_change_ = now_;
    Time last_change_ = now_;
    Time last_report_ = now_;
    Time last_save_ = now_;
    std::unordered_map<std::string, std::uint64_t> warned_;  ///< text -> the walk that last met it

    std::size_t running_ = 0;
    HashWorkers workers_;  // last: its threads post to the others
};

}  // namespace xfsbus::peer::index
