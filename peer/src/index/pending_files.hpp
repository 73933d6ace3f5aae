#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

namespace xfsbus::peer::index {

/// The files whose content has to be read: each once, in the order in which they were found, those
/// that are being written not before they are quiet.
class PendingFiles {
  public:
    using Time = std::chrono::steady_clock::time_point;

    struct File {
        std::uint64_t walk = 0;  ///< the walk whose end waits for it; 0: none
        Time since{};            ///< when it was first wanted
        bool running = false;    ///< it is being read
        bool again = false;      ///< wanted anew while it was being read
        bool forced = false;     ///< and that even if its stamp has not changed
        unsigned tries = 0;      ///< in vain: its permissions were changed meanwhile
    };

    /// nullptr if it is not pending.
    File* find(std::string const& name);
    /// It must not be pending.
    File& add(std::string const& name, Time now);
    /// The next to be read; it is running then.
    std::optional<std::string> next(Time now);
    /// A running one is to be read at a later time.
    void retry(std::string const& name, Time due);
    void remove(std::string const& name);
    void clear();
    /// Those that are being read have to be looked at again.
    void doubt_below(std::string const& directory);

    /// When next() will have one that it does not have now.
    [[nodiscard]] std::optional<Time> next_due() const;

    [[nodiscard]] bool ready() const { return !ready_.empty(); }

  private:
    std::map<std::string, File> files_;
    std::deque<std::string> ready_;  // may name files that are no longer pending
    std::multimap<Time, std::string> later_;
};

}  // namespace xfsbus::peer::index
