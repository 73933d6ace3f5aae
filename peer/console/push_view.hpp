#pragma once

#include "table.hpp"
#include "terminal_text.hpp"

#include <xfsbus/peer/peer.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xfsbus::console {

/// "fetching".
std::string_view name_of(peer::PushState state);

/// How much of the file a peer has: 0 to 100. Of an empty one, all when it is there.
double percent_of(peer::PushTarget const& target, std::uint64_t size);

/// IP PORT STATE PERCENT SECONDS [REASON] for each peer, in the order of the report; with `named`,
/// the file's name before the reason.
Rows push_rows(peer::PushReport const& report, bool named);

/// How a push goes, for a terminal: the peers, as far as there is room, and a line for them all.
/// Remembers what each had, for the rates.
class PushView {
  public:
    using Time = std::chrono::steady_clock::time_point;

    /// No line is wider than the terminal less one column.
    std::vector<std::string> lines(peer::PushProgress const& progress, TerminalSize const& size,
                                   Time now);

  private:
    using Address = std::pair<std::string, std::uint16_t>;
    using History = std::deque<std::pair<Time, std::uint64_t>>;

    void note(peer::PushReport const& report, Time now);
    [[nodiscard]] double rate_of(peer::PushTarget const& target) const;
    [[nodiscard]] std::string row(peer::PushTarget const& target, std::uint64_t size,
                                  std::size_t address_columns) const;
    [[nodiscard]] std::string summary(peer::PushProgress const& progress) const;

    std::map<Address, History> histories_;
};

}  // namespace xfsbus::console
