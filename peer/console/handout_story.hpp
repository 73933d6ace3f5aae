#pragma once

#include "json_events.hpp"

#include <xfsbus/wire/result.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xfsbus::console {

/// A source that a tracker has named, or could have.
struct HandedSource {
    std::string peer;
    std::string labels;
    std::uint64_t have_ppm = 0;
    std::uint64_t load = 0;
    std::optional<double> rank;  ///< the policy's; it may have had none to give
};

/// What one answer of a tracker said of a file, and how that came about.
struct HandoutStory {
    std::uint64_t find = 0;
    double seconds = 0;  ///< since the trace began
    std::string asker;   ///< where it listens, or else where it connects from
    std::string asker_labels;
    std::string name;
    std::string rule;    ///< "all", "built_in", "policy" or "made_good"
    std::string policy;  ///< in words
    std::uint64_t seed = 0;
    std::uint64_t wanted = 0;
    std::uint64_t known = 0;
    std::vector<HandedSource> sources;  ///< that were named, in their order
    std::vector<HandedSource> others;   ///< some that were not, who would have come next first
    std::vector<std::string> answered;  ///< had to show that they are there, and did
    std::vector<std::string> unanswered;
};

/// Keeps what the records of a tracker's trace say of the answers about one name. A core.
class HandoutReader {
  public:
    explicit HandoutReader(std::string name) : name_(std::move(name)) {}

    /// Takes the next line, without its end. Errc::failed if it is no record of a trace.
    Status take(std::string_view line);

    /// In the order of the answers.
    [[nodiscard]] std::vector<HandoutStory> const& handouts() const { return handouts_; }

    /// Names of which the trace has answers.
    [[nodiscard]] std::vector<std::string> const& names() const { return names_; }

    /// How many records were dropped; nullopt: the trace was cut off.
    [[nodiscard]] std::optional<std::uint64_t> dropped() const { return dropped_; }

  private:
    std::string name_;
    std::string policy_;  ///< that decides, in words
    std::vector<HandoutStory> handouts_;
    std::vector<std::string> names_;
    std::optional<std::uint64_t> dropped_;
};

/// For people: a sentence on the answer, a table of the sources that it names, and why these. Ends
/// with the last line's end. What comes from the trace is escaped.
std::string explanation(HandoutStory const& story);

/// The same for --json.
Json to_json(HandoutStory const& story);

}  // namespace xfsbus::console
