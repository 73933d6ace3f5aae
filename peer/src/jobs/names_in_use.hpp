#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace xfsbus::peer::jobs {

/// The names below the directory that downloads of this peer write to. Who wants one that another
/// has waits for it: so a second download of a file finds what the first has fetched. Reactor
/// thread.
class NamesInUse {
  public:
    /// True: it is taken, until it is given back. Else another has it, and `when_free` is called
    /// once it is given back, which does not take it.
    bool take(std::string const& name, std::function<void()> when_free) {
        auto const [at, is_free] = waiting_.try_emplace(name);
        if (!is_free) {
            at->second.push_back(std::move(when_free));
        }
        return is_free;
    }

    void give_back(std::string const& name) {
        auto const node = waiting_.extract(name);
        for (auto const& when_free : node.mapped()) {
            when_free();
        }
    }

  private:
    std::map<std::string, std::vector<std::function<void()>>> waiting_;  ///< by the name in use
};

}  // namespace xfsbus::peer::jobs
