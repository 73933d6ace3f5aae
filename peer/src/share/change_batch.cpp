#include "share/change_batch.hpp"

#include <algorithm>
#include <utility>

namespace xfsbus::peer {

void ChangeBatch::add(IndexedFile file, bool known) {
    known = removed_.erase(file.name) > 0 || known;
    if (auto const earlier = added_.find(file.name); earlier != added_.end()) {
        earlier->second.file = std::move(file);
        return;
    }
    std::string name = file.name;
    added_.emplace(std::move(name), Added{std::move(file), known});
}

void ChangeBatch::remove(std::string const& name) {
    auto const earlier = added_.find(name);
    bool const never_reported = earlier != added_.end() && !earlier->second.known;
    if (earlier != added_.end()) {
        added_.erase(earlier);
    }
    if (!never_reported) {
        removed_.insert(name);
    }
}

ChangeBatch::Changes ChangeBatch::take() {
    Changes changes;
    changes.added.reserve(added_.size());
    for (auto& [name, added] : added_) {
        changes.added.push_back(std::move(added.file));
    }
    changes.removed.assign(removed_.begin(), removed_.end());
    std::ranges::sort(changes.added, {}, &IndexedFile::name);  // cheaper for whoever keeps order
    added_.clear();
    removed_.clear();
    return changes;
}

}  // namespace xfsbus::peer
