#include "cleanup.hpp"

#include "json_events.hpp"
#include "printer.hpp"
#include "sizes.hpp"
#include "table.hpp"

#include <xfsbus/peer/leftovers.hpp>
#include <xfsbus/program/run.hpp>
#include <xfsbus/wire/name.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace xfsbus::console {
namespace {

using peer::Leftover;

std::string text_of(std::uint64_t bytes) {
    return show_size(static_cast<double>(bytes));
}

/// As --older takes it, rounded down.
std::string text_of(std::chrono::seconds age) {
    using namespace std::chrono_literals;
    if (age < 1min) {
        return fmt::format("{}s", age.count());
    }
    if (age < 1h) {
        return fmt::format("{}m", age / 1min);
    }
    return age < 48h ? fmt::format("{}h", age / 1h) : fmt::format("{}d", age / 24h);
}

std::string part_here(Leftover const& leftover) {
    constexpr std::uint64_t percent = 100;
    return leftover.chunks == 0
               ? "-"
               : fmt::format("{}%", leftover.chunks_here * percent / leftover.chunks);
}

/// What became of one that was to be removed.
struct Attempt {
    bool removed = false;
    std::optional<Error> error{};
};

class Cleaner {
  public:
    Cleaner(Cleanup const& cleanup, std::ostream& out, std::ostream& err)
        : cleanup_(cleanup), out_(out), err_(err) {}

    int run() {
        auto const found = peer::find_leftovers(cleanup_.directory,
                                                [this](Error const& error) { complain(error); });
        if (!found) {
            complain(found.error());
            return code_;
        }
        for (auto const& leftover : *found) {
            if (leftover.age >= cleanup_.older && out_.good()) {
                take(leftover);
            }
        }
        if (cleanup_.json) {
            return code_;
        }
        if (!cleanup_.remove) {
            show_list();
        } else if (removed_ == 0 && kept_ == 0 && code_ == 0) {
            out_ << "nothing to remove" << std::endl;
        }
        return code_;
    }

  private:
    void take(Leftover const& leftover) {
        auto const attempt = cleanup_.remove ? remove(leftover) : Attempt{};
        if (cleanup_.json) {
            print_json(leftover, attempt);
        } else if (cleanup_.remove) {
            tell(leftover, attempt);
        } else {
            rows_.push_back(row_of(leftover));
        }
    }

    Attempt remove(Leftover const& leftover) {
        auto const removal = leftover.in_use ? peer::Removal::in_use
                                             : peer::remove_leftover(cleanup_.directory, leftover);
        if (!removal) {
            code_ = program::exit_code(removal.error().code);
            return {false, removal.error()};
        }
        bool const removed = *removal == peer::Removal::done;
        ++(removed ? removed_ : kept_);
        return {removed, {}};
    }

    void complain(Error const& error) {
        code_ = program::exit_code(error.code);
        Printer({.json = cleanup_.json}, out_, err_).error("cleanup", error);
    }

    void print_json(Leftover const& leftover, Attempt const& attempt) {
        Json object = {{"event", "leftover"},
                       {"path", leftover.path},
                       {"name", leftover.name},
                       {"bytes", leftover.bytes},
                       {"chunks_here", leftover.chunks_here},
                       {"chunks", leftover.chunks},
                       {"age_seconds", leftover.age.count()},
                       {"in_use", leftover.in_use},
                       {"removed", attempt.removed}};
        if (attempt.error) {
            object["code"] = program::exit_code(attempt.error->code);
            object["error"] = attempt.error->message;
        }
        // A name on disk may be anything.
        out_ << object.dump(-1, ' ', false, Json::error_handler_t::replace) << std::endl;
    }

    void tell(Leftover const& leftover, Attempt const& attempt) {
        if (attempt.error) {
            return complain(*attempt.error);
        }
        auto line = fmt::format("{} {}, {}", attempt.removed ? "removed" : "kept, in use:",
                                wire::escape(leftover.path), text_of(leftover.bytes));
        if (!leftover.name.empty()) {
            line += " of " + wire::escape(leftover.name);
        }
        out_ << line << std::endl;
    }

    [[nodiscard]] std::vector<std::string> row_of(Leftover const& leftover) const {
        bool const people = cleanup_.terminal;
        return {people ? text_of(leftover.bytes) : std::to_string(leftover.bytes),
                part_here(leftover),
                people ? text_of(leftover.age) : std::to_string(leftover.age.count()),
                leftover.in_use ? "in-use" : "left",
                wire::escape(leftover.path),
                leftover.name.empty() ? "-" : wire::escape(leftover.name)};
    }

    void show_list() {
        if (!cleanup_.terminal) {
            out_ << divided(rows_) << std::flush;
        } else if (rows_.empty()) {
            out_ << "nothing is left of unfinished downloads" << std::endl;
        } else {
            rows_.insert(rows_.begin(), {"SIZE", "HERE", "AGE", "STATE", "PATH", "NAME"});
            out_ << aligned(rows_) << std::flush;
        }
    }

    Cleanup const& cleanup_;
    std::ostream& out_;
    std::ostream& err_;
    Rows rows_;
    std::size_t removed_ = 0;
    std::size_t kept_ = 0;
    int code_ = 0;
};

}  // namespace

int clean_up(Cleanup const& cleanup, std::ostream& out, std::ostream& err) {
    return Cleaner(cleanup, out, err).run();
}

}  // namespace xfsbus::console
