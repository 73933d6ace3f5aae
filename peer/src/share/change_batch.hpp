#pragma once

#include "share/share_index.hpp"

#include <cstddef>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace xfsbus::peer {

/// Changes that are to be reported together. A name stands in it once, with its last state.
class ChangeBatch {
  public:
    struct Changes {
        std::vector<IndexedFile> added;
        std::vector<std::string> removed;
    };

    /// `known`: it was reported before, perhaps with another content.
    void add(IndexedFile file, bool known);
    /// What was never reported is not reported as removed either.
    void remove(std::string const& name);

    [[nodiscard]] std::size_t size() const { return added_.size() + removed_.size(); }

    /// Empties it.
    Changes take();

  private:
    struct Added {
        IndexedFile file;
        bool known = false;
    };

    std::unordered_map<std::string, Added> added_;
    std::unordered_set<std::string> removed_;
};

}  // namespace xfsbus::peer
