#pragma once

#include <xfsbus/wire/result.hpp>
#include <xfsbus/wire/time.hpp>

#include <toml++/toml.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace xfsbus::lab::experiment {

/// The first thing that is wrong with a file.
class Complaint {
  public:
    explicit Complaint(std::string file) : file_(std::move(file)) {}

    /// Kept if it is the first: "FILE:LINE: WHERE: WHAT".
    void about(toml::source_region const& at, std::string const& where, std::string const& what);

    [[nodiscard]] std::optional<Error> const& first() const { return first_; }

  private:
    std::string file_;
    std::optional<Error> first_;
};

/// One table of a file. Each method reads a key, with bounds; what is wrong with it goes to the
/// Complaint, and the value that is returned then means nothing. In the end done() complains of
/// keys that nobody has asked for.
class TableReader {
  public:
    /// `where`: how the table is called in a complaint, such as "[network]"; empty: the file
    /// itself.
    TableReader(Complaint& complaint, toml::table const& table, std::string where);

    [[nodiscard]] bool has(std::string_view key) const { return table_.contains(key); }

    std::string text(std::string_view key, std::string otherwise);
    std::string needed_text(std::string_view key);
    std::uint64_t number(std::string_view key, std::uint64_t otherwise, std::uint64_t least,
                         std::uint64_t most);
    double real(std::string_view key, double otherwise, double least, double most);
    bool flag(std::string_view key, bool otherwise);
    wire::Duration time(std::string_view key, wire::Duration otherwise);
    std::uint64_t size(std::string_view key, std::uint64_t otherwise, std::uint64_t most);
    std::uint64_t rate(std::string_view key, std::uint64_t otherwise);
    /// The index of the word among these.
    std::size_t word(std::string_view key, std::size_t otherwise,
                     std::vector<std::string_view> const& words);

    /// Calls `one` for each element of a list, or for the value itself if it is none.
    void each(std::string_view key, std::size_t most,
              std::function<void(toml::node const&)> const& one);
    /// Calls `one` for the table with this name, if there is one; or for each of those.
    void table(std::string_view key, std::function<void(TableReader&)> const& one);
    void tables(std::string_view key, std::size_t most,
                std::function<void(TableReader&)> const& one);

    /// The value, if there is one; from now on its key is known.
    toml::node const* get(std::string_view key);
    /// The keys of this table, in the order of the file; from now on they are known.
    std::vector<std::string> keys();

    /// Of the value with this key, or of the table if there is none.
    void wrong(std::string_view key, std::string const& what);
    void wrong(toml::node const& node, std::string_view key, std::string const& what);

    void done();

  private:
    [[nodiscard]] std::string called(std::string_view key) const;
    template <typename T>
    std::optional<T> exactly(std::string_view key, char const* kind);
    template <typename Value, typename Parse>
    Value parsed(std::string_view key, Value otherwise, Parse parse);

    Complaint& complaint_;
    toml::table const& table_;
    std::string where_;
    std::set<std::string, std::less<>> known_;
};

/// The text of a string, and nullopt of anything else.
std::optional<std::string> text_of(toml::node const& node);

}  // namespace xfsbus::lab::experiment
