#pragma once

#include <xfsbus/wire/endpoint.hpp>
#include <xfsbus/wire/ids.hpp>
#include <xfsbus/wire/messages.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace xfsbus::tracker {

/// Who decided which sources of a file an answer names.
enum class HandoutRule : std::uint8_t {
    all,       ///< nobody: the answer names all, or all that the asker has not been told yet
    built_in,  ///< the rule of policies/mixed.hpp, without a policy
    policy,    ///< the handout policy
    made_good  ///< the built-in rule, since the policy failed
};

/// A source that could be named, as the tracker knew it.
struct Candidate {
    wire::Endpoint listens;
    std::string labels;
    std::uint32_t have_ppm = 0;
    std::uint32_t load = 0;
    std::uint64_t draw = 0;
    std::optional<double> rank;  ///< the policy's
    bool named = false;
};

/// What one answer says of one file, and how that came about. A value that owns all that it holds.
struct HandedOut {
    /// Besides those that were named; who would have come next stands first.
    static constexpr std::size_t others_most = 64;

    std::uint64_t find = 0;               ///< a number; one find may be about many files
    std::string asker_host;               ///< where its connection comes from
    std::optional<wire::Endpoint> asker;  ///< where it listens, if it has registered
    std::string asker_labels;
    wire::FindBy by = wire::FindBy::name;
    std::string name;
    wire::ContentId content;
    std::uint64_t bytes = 0;
    HandoutRule rule = HandoutRule::all;
    std::uint64_t seed = 0;             ///< of the draws
    std::size_t wanted = 0;             ///< sources, at most
    std::size_t known = 0;              ///< sources that could have been named
    std::vector<Candidate> candidates;  ///< those that were named, in their order, and some others
    /// Had to show first that they are there, and did not.
    std::vector<wire::Endpoint> unanswered;
    std::vector<wire::Endpoint> answered;  ///< had to, and did
};

/// Is told of each answer to a find, and each file in it: to be written down. On the tracker's
/// thread, which answers everybody: so it must not wait, and must not throw.
class HandoutRecorder {
  public:
    virtual ~HandoutRecorder() = default;

    virtual void on_handout(HandedOut handed) = 0;

    /// Whether the built-in rule has written the ranks that the handout was asked for last.
    [[nodiscard]] virtual bool made_good() const { return false; }
};

}  // namespace xfsbus::tracker
