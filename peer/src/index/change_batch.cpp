#include "index/change_batch.hpp"

#include <algorithm>
#include <utility>

namespace xfsbus::peer::index {
namespace {

/// Cheaper for whoever keeps order. Many file systems list a directory in order, or in reverse.
void put_in_order(std::vector<swarm::IndexedFile>& files) {
    if (!files.empty() && files.back().name < files.front().name) {
        std::ranges::reverse(files);
    }
    if (!std::ranges::is_sorted(files, {}, &swarm::IndexedFile::name)) {
        std::ranges::sort(files, {}, &swarm::IndexedFile::name);
    }
}

}  // namespace

void ChangeBatch::add_new(swarm::IndexedFile file) {
    if (removed_.empty()) {
        new_.push_back(std::move(file));
    } else {
        add(std::move(file), false);
    }
}

/// From here on they are found by their names.
void ChangeBatch::look_up_new() {
    for (auto& file : std::exchange(new_, {})) {
        std::string name = file.name;
        added_.emplace(std::move(name), Added{std::move(file), false});
    }
}

void ChangeBatch::add(swarm::IndexedFile file, bool known) {
    look_up_new();
    known = removed_.erase(file.name) > 0 || known;
    if (auto const earlier = added_.find(file.name); earlier != added_.end()) {
        earlier->second.file = std::move(file);
        return;
    }
    std::string name = file.name;
    added_.emplace(std::move(name), Added{std::move(file), known});
}

void ChangeBatch::remove(std::string const& name) {
    look_up_new();
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
    changes.added = std::exchange(new_, {});
    changes.added.reserve(changes.added.size() + added_.size());
    for (auto& [name, added] : added_) {
        changes.added.push_back(std::move(added.file));
    }
    changes.removed.assign(removed_.begin(), removed_.end());
    put_in_order(changes.added);
    added_.clear();
    removed_.clear();
    return changes;
}

}  // namespace xfsbus::peer::index
