#pragma once

#include <xfsbus/wire/endpoint.hpp>
#include <xfsbus/wire/result.hpp>

#include <map>
#include <string_view>
#include <utility>

namespace xfsbus::swarm {

/// The latency between pairs of peers, as a file gives it. With such a table its figures rule:
/// they are what policies see, and they are applied as delay, so that one machine can play a
/// wide-area network.
class LatencyTable {
  public:
    static constexpr double default_ms = 100.0;  ///< a pair that is not in the table
    static constexpr double most_ms = 60'000.0;

    /// Lines `A:PORT B:PORT MILLISECONDS`; what follows '#' is a comment; empty lines are allowed.
    /// An error names the line.
    static Result<LatencyTable> parse(std::string_view text);

    /// The same in both directions; the last line about a pair counts.
    [[nodiscard]] double between(wire::Endpoint const& a, wire::Endpoint const& b) const;

  private:
    std::map<std::pair<wire::Endpoint, wire::Endpoint>, double> pairs_;
};

}  // namespace xfsbus::swarm
