#include "index/sqlite.hpp"

#include <sqlite3.h>

namespace xfsbus::peer::index {
namespace {

constexpr int primary_code = 0xFF;
// How long to wait for another peer that writes to the same file.
constexpr int busy_ms = 2000;

}  // namespace

SqliteError::SqliteError(sqlite3* db)
    : std::runtime_error(sqlite3_errmsg(db)), code_(sqlite3_errcode(db) & primary_code) {}

void SqliteDatabase::Close::operator()(sqlite3* db) const {
    sqlite3_close(db);
}

SqliteDatabase::SqliteDatabase(std::filesystem::path const& file) {
    sqlite3* db = nullptr;
    constexpr int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int const code = sqlite3_open_v2(file.c_str(), &db, flags, nullptr);
    db_.reset(db);  // there is one even if it failed
    if (code != SQLITE_OK) {
        throw SqliteError(db);
    }
    sqlite3_busy_timeout(db, busy_ms);
}

void SqliteDatabase::execute(char const* sql) {
    if (sqlite3_exec(db_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
        throw SqliteError(db_.get());
    }
}

std::int64_t SqliteDatabase::number(char const* sql) {
    SqliteStatement statement(*this, sql);
    return statement.step() ? statement.number(0) : 0;
}

void SqliteStatement::Finalize::operator()(sqlite3_stmt* statement) const {
    sqlite3_finalize(statement);
}

SqliteStatement::SqliteStatement(SqliteDatabase const& db, char const* sql) : db_(db.get()) {
    sqlite3_stmt* statement = nullptr;
    check(sqlite3_prepare_v2(db_, sql, -1, &statement, nullptr));
    statement_.reset(statement);
}

SqliteStatement& SqliteStatement::bind(int parameter, std::int64_t value) {
    check(sqlite3_bind_int64(statement_.get(), parameter, value));
    return *this;
}

SqliteStatement& SqliteStatement::bind(int parameter, std::string_view bytes) {
    // An empty view may have no address, which SQLite would take for NULL.
    auto const* data = bytes.empty() ? "" : bytes.data();
    check(sqlite3_bind_blob64(statement_.get(), parameter, data, bytes.size(), SQLITE_STATIC));
    return *this;
}

bool SqliteStatement::step() {
    int const code = sqlite3_step(statement_.get());
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
        throw SqliteError(db_);
    }
    return code == SQLITE_ROW;
}

void SqliteStatement::run() {
    while (step()) {
    }
    reset();
}

void SqliteStatement::reset() {
    sqlite3_reset(statement_.get());
}

std::int64_t SqliteStatement::number(int column) const {
    return sqlite3_column_int64(statement_.get(), column);
}

std::string_view SqliteStatement::bytes(int column) const {
    auto const* data = static_cast<char const*>(sqlite3_column_blob(statement_.get(), column));
    auto const size = sqlite3_column_bytes(statement_.get(), column);
    return data == nullptr ? std::string_view()
                           : std::string_view(data, static_cast<std::size_t>(size));
}

void SqliteStatement::check(int code) const {
    if (code != SQLITE_OK) {
        throw SqliteError(db_);
    }
}

}  // namespace xfsbus::peer::index
