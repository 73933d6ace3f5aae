#pragma once

#include "table.hpp"

#include <xfsbus/wire/result.hpp>

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <vector>

namespace xfsbus::console {

/// Writes lines and tables for people and scripts, or one JSON object a line; `answers.hpp` makes
/// them. Errors go to another stream in plain mode.
class Printer {
  public:
    struct Options {
        bool json = false;
        bool terminal = false;  ///< `out` is one: headers and aligned columns
        /// What is written is about this job, which goes on beside others: JSON says so.
        std::optional<unsigned> job = {};
    };

    /// `out` and `err` must outlive it.
    Printer(Options options, std::ostream& out, std::ostream& err)
        : options_(options), out_(out), err_(err) {}

    [[nodiscard]] bool json() const { return options_.json; }

    /// False once something could not be written to `out`: there is no point in going on.
    [[nodiscard]] bool good() const { return out_.good(); }

    /// The same, about this job.
    [[nodiscard]] Printer of_job(unsigned number) const;

    /// These three are written with the next flush() at the latest. Whoever calls them has escaped
    /// what comes from the network; JSON does so itself.
    void object(nlohmann::ordered_json object) const;
    void line(std::string const& text) const;
    void table(std::vector<std::string> header, Rows rows) const;

    void flush() const { out_.flush(); }

    /// Of a file, as they are.
    void bytes(std::span<std::byte const> bytes) const;
    /// To people, about what goes on.
    void note(std::string const& text) const;
    void error(std::string const& command, Error const& error) const;

  private:
    Options options_;
    std::ostream& out_;
    std::ostream& err_;
};

}  // namespace xfsbus::console
