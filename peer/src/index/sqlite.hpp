#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace xfsbus::peer::index {

/// What SQLite said, and its code without the extended bits.
class SqliteError : public std::runtime_error {
  public:
    explicit SqliteError(sqlite3* db);

    [[nodiscard]] int code() const { return code_; }

  private:
    int code_;
};

/// An open database, used by one thread. All throw SqliteError.
class SqliteDatabase {
  public:
    explicit SqliteDatabase(std::filesystem::path const& file);

    void execute(char const* sql);
    /// The number that a query, such as a pragma, answers with; 0 if with nothing.
    std::int64_t number(char const* sql);

    [[nodiscard]] sqlite3* get() const { return db_.get(); }

  private:
    struct Close {
        void operator()(sqlite3* db) const;
    };

    std::unique_ptr<sqlite3, Close> db_;
};

/// A prepared statement. Parameters are numbered from 1, columns from 0; texts and blobs are both
/// bytes. What is bound must live until reset(). All throw SqliteError.
class SqliteStatement {
  public:
    SqliteStatement(SqliteDatabase const& db, char const* sql);

    SqliteStatement& bind(int parameter, std::int64_t value);
    SqliteStatement& bind(int parameter, std::string_view bytes);
    /// True if there is a row.
    bool step();
    /// step() until there is none, and reset().
    void run();
    void reset();

    [[nodiscard]] std::int64_t number(int column) const;
    /// Valid until the next step() or reset().
    [[nodiscard]] std::string_view bytes(int column) const;

  private:
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const;
    };

    void check(int code) const;

    sqlite3* db_;
    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

}  // namespace xfsbus::peer::index
