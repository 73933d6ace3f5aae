#pragma once

#include "index/share_index.hpp"

#include <cstddef>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace xfsbus::peer::index {

/// Changes that are to be reported together. A name stands in it once, with its last state.
class ChangeBatch {
  public:
    struct Changes {
        std::vector<swarm::IndexedFile> added;
        std::vector<std::string> removed;
    };

    /// `known`: it was reported before, perhaps with another content.
    void add(swarm::IndexedFile file, bool known);
    /// It is not in the batch as added, and was not reported before unless the batch removes it:
    /// as nearly all files are when a share is scanned, so this is cheap.
    void add_new(swarm::IndexedFile file);
    /// What was never reported is not reported as removed either.
    void remove(std::string const& name);

    [[nodiscard]] std::size_t size() const { return new_.size() + added_.size() + removed_.size(); }

    /// Empties it.
    Changes take();

  private:
    struct Added {
        swarm::IndexedFile file;
        bool known = false;
    };

    void look_up_new();

    std::vector<swarm::IndexedFile> new_;  ///< that nobody has asked for by name yet
    std::unordered_map<std::string, Added> added_;
    std::unordered_set<std::string> removed_;
    std::size_t taken_ = 0;  ///< as added, the last time: mostly as many come again
};

}  // namespace xfsbus::peer::index
