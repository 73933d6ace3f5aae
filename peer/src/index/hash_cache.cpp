#include "index/hash_cache.hpp"

#include "index/content_hasher.hpp"

#include <xfsbus/wire/manifest.hpp>
#include <xfsbus/wire/name.hpp>

#include <array>
#include <bit>
#include <exception>
#include <fstream>
#include <system_error>
#include <utility>

#include <pthread.h>
#include <sqlite3.h>

namespace xfsbus::peer::index {
namespace {

// "XFSh" in the header of the database says that the file is ours, and may be replaced.
constexpr std::int64_t application_id = 0x58465368;
constexpr std::int64_t schema_version = 3;

// In one transaction before WAL is switched on: so there is no moment at which the file has
// tables, but not yet the mark that they are ours.
constexpr char const* create_schema = R"(
    PRAGMA application_id = 1481003880;
    PRAGMA user_version = 3;
    CREATE TABLE share (
        id        INTEGER PRIMARY KEY,
        directory BLOB NOT NULL,
        algorithm BLOB NOT NULL,
        UNIQUE (directory, algorithm));
    CREATE TABLE file (
        share    INTEGER NOT NULL REFERENCES share (id),
        name     BLOB NOT NULL,
        size     INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL,
        inode    INTEGER NOT NULL,
        ctime_ns INTEGER NOT NULL,
        executable INTEGER NOT NULL,
        content  BLOB NOT NULL,
        manifest BLOB NOT NULL,
        PRIMARY KEY (share, name)) WITHOUT ROWID;
)";
static_assert(application_id == 1481003880 && schema_version == 3);

/// Few enough for whoever takes them to do something else in between.
constexpr std::size_t rows_at_once = 1000;

enum class Owner { nobody, us, others };

Owner owner_of(SqliteDatabase& db) {
    if (db.number("PRAGMA application_id") == application_id) {
        return Owner::us;
    }
    return db.number("PRAGMA schema_version") == 0 ? Owner::nobody : Owner::others;
}

/// Whether a file that SQLite cannot read was ours: by its header, 16 bytes of SQLite's magic and
/// the application id at 68.
bool header_is_ours(std::filesystem::path const& file) {
    std::array<char, 72> header{};
    std::ifstream in(file, std::ios::binary);
    in.read(header.data(), header.size());
    std::string_view const view(header.data(), header.size());
    return in && view.starts_with(std::string_view("SQLite format 3\0", 16)) &&
           view.substr(68) == "XFSh";
}

void remove_database(std::filesystem::path const& file) {
    for (char const* suffix : {"", "-wal", "-shm", "-journal"}) {
        auto path = file;
        path += suffix;
        std::error_code ignored;
        std::filesystem::remove(path, ignored);
    }
}

bool is_damage(int code) {
    return code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

bool is_valid(swarm::IndexedFile const& file, policies::HashAlgorithm const& algorithm) {
    auto const manifest = wire::decode_manifest(*file.manifest);
    return manifest && manifest->algorithm == algorithm.name() &&
           manifest->file_bytes == file.stamp.size && !wire::name_problem(file.name);
}

}  // namespace

struct HashCache::Open {
    explicit Open(std::filesystem::path const& file) : db(file) {}

    void abandon_transaction() {
        upsert.reset();
        remove.reset();  // both belong to a share that may not have been written
        if (sqlite3_get_autocommit(db.get()) == 0) {
            db.execute("ROLLBACK");
        }
    }

    SqliteDatabase db;
    std::int64_t share = 0;
    std::optional<SqliteStatement> upsert;
    std::optional<SqliteStatement> remove;
};

HashCache::HashCache(std::filesystem::path file, std::string directory,
                     std::shared_ptr<policies::HashAlgorithm const> algorithm, Warn warn)
    : file_(std::move(file)),
      directory_(std::move(directory)),
      algorithm_(std::move(algorithm)),
      warn_(std::move(warn)) {
    if (!file_.empty()) {
        guarded([this] { open(); });
    }
}

HashCache::~HashCache() {
    enough_ = true;
    if (loader_.joinable()) {
        end_load();
    }
    flush();
}

/// Runs it; damage of our own file leads to a new file, anything else to having none.
template <typename Work>
void HashCache::guarded(Work work) {
    try {
        try {
            work();
        } catch (SqliteError const& e) {
            if (!is_damage(e.code()) || !header_is_ours(file_)) {
                throw;
            }
            warn_("cache file '" + wire::escape(file_.string()) + "' is damaged (" + e.what() +
                  "); replaced, all files will be read again");
            open_.reset();
            remove_database(file_);
            open();
        }
    } catch (std::exception const& e) {
        give_up(e.what());
    }
}

void HashCache::give_up(std::string const& why) {
    open_.reset();
    changes_.clear();
    warn_("cache file '" + wire::escape(file_.string()) + "' cannot be used (" + why +
          "); going on without, files will be read again at the next start. Remove it, or name "
          "another one");
}

void HashCache::open() {
    open_ = std::make_unique<Open>(file_);
    auto& db = open_->db;
    auto const version =
        owner_of(db) == Owner::us ? db.number("PRAGMA user_version") : schema_version;
    if (version != schema_version) {
        if (version > schema_version) {  // an older one is what every update leaves
            warn_("cache file '" + wire::escape(file_.string()) +
                  "' is of a later version; replaced, all files will be read again");
        }
        open_.reset();
        remove_database(file_);
        open_ = std::make_unique<Open>(file_);
    }
    prepare_schema();
}

void HashCache::prepare_schema() {
    auto& db = open_->db;
    if (owner_of(db) != Owner::us) {
        db.execute("BEGIN IMMEDIATE");
        auto const owner = owner_of(db);  // again: another peer may have been faster
        if (owner == Owner::others) {
            throw std::runtime_error("it is a database of another program");
        }
        if (owner == Owner::nobody) {
            db.execute(create_schema);
        }
        db.execute("COMMIT");
    }
    try {
        db.execute("PRAGMA journal_mode = WAL");
    } catch (SqliteError const& e) {
        if (e.code() != SQLITE_BUSY) {  // another peer is at it; any mode will do
            throw;
        }
    }
    db.execute("PRAGMA synchronous = NORMAL");
}

bool HashCache::begin_load(Take take, Done done) {
    if (open_ == nullptr) {
        return false;
    }
    loader_ = std::thread([this, take = std::move(take), done = std::move(done)] {
        ::pthread_setname_np(::pthread_self(), "xfs-recall");
        load(take);
        done();
    });
    return true;
}

void HashCache::load(Take const& take) {
    try {
        damaged_ = load_rows(take);
    } catch (...) {
        failure_ = std::current_exception();  // the other thread may be using what it would change
    }
}

void HashCache::end_load() {
    loader_.join();
    guarded([this] {
        if (failure_) {
            std::rethrow_exception(std::exchange(failure_, nullptr));
        }
    });
    if (std::exchange(damaged_, false)) {
        warn_("cache file '" + wire::escape(file_.string()) +
              "' has damaged entries; their files will be read again");
    }
}

/// True if some were damaged.
bool HashCache::load_rows(Take const& take) const {
    SqliteStatement rows(open_->db,
                         "SELECT name, size, mtime_ns, inode, ctime_ns, executable, content,"
                         " manifest FROM file"
                         " WHERE share = (SELECT id FROM share WHERE directory = ?1"
                         " AND algorithm = ?2) ORDER BY name");
    rows.bind(1, directory_).bind(2, algorithm_->name());
    ContentHasher hasher(algorithm_);
    std::vector<swarm::IndexedFile> files;
    files.reserve(rows_at_once);
    bool damaged = false;
    while (!enough_ && rows.step()) {
        swarm::IndexedFile file;
        file.name = rows.bytes(0);
        file.stamp = {std::bit_cast<std::uint64_t>(rows.number(1)), rows.number(2),
                      std::bit_cast<std::uint64_t>(rows.number(3)), rows.number(4),
                      rows.number(5) != 0};
        file.manifest = std::make_shared<std::string const>(rows.bytes(7));
        file.content = hasher.content_id(*file.manifest);
        if (rows.bytes(6) != file.content.view() || !is_valid(file, *algorithm_)) {
            damaged = true;
            continue;
        }
        files.push_back(std::move(file));
        if (files.size() == rows_at_once) {
            take(std::exchange(files, {}));
            files.reserve(rows_at_once);
        }
    }
    take(std::move(files));
    return damaged;
}

void HashCache::store(swarm::IndexedFile const& file) {
    if (open_ != nullptr) {
        changes_.insert_or_assign(file.name, file);
    }
}

void HashCache::erase(std::string const& name) {
    if (open_ != nullptr) {
        changes_.insert_or_assign(name, std::nullopt);
    }
}

void HashCache::flush() {
    if (changes_.empty() || loader_.joinable()) {
        return;
    }
    guarded([this] {
        try {
            open_->db.execute("BEGIN IMMEDIATE");
            write_changes();
            open_->db.execute("COMMIT");
        } catch (SqliteError const& e) {
            if (e.code() != SQLITE_BUSY) {
                throw;
            }
            open_->abandon_transaction();
            return;  // what another peer holds up will be written with the next flush
        }
        changes_.clear();
    });
}

void HashCache::write_changes() {
    auto& db = open_->db;
    if (!open_->upsert) {
        SqliteStatement(db, "INSERT OR IGNORE INTO share (directory, algorithm) VALUES (?1, ?2)")
            .bind(1, directory_)
            .bind(2, algorithm_->name())
            .run();
        SqliteStatement id(db, "SELECT id FROM share WHERE directory = ?1 AND algorithm = ?2");
        id.bind(1, directory_).bind(2, algorithm_->name()).step();
        open_->share = id.number(0);
        open_->upsert.emplace(db,
                              "INSERT OR REPLACE INTO file VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9)");
        open_->remove.emplace(db, "DELETE FROM file WHERE share = ?1 AND name = ?2");
    }
    for (auto const& [name, file] : changes_) {
        auto& statement = file ? *open_->upsert : *open_->remove;
        statement.bind(1, open_->share).bind(2, name);
        if (file) {
            statement.bind(3, std::bit_cast<std::int64_t>(file->stamp.size))
                .bind(4, file->stamp.mtime_ns)
                .bind(5, std::bit_cast<std::int64_t>(file->stamp.inode))
                .bind(6, file->stamp.ctime_ns)
                .bind(7, std::int64_t{file->stamp.executable})
                .bind(8, file->content.view())
                .bind(9, *file->manifest);
        }
        statement.run();
    }
}

}  // namespace xfsbus::peer::index
