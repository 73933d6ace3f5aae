#include "index/change_batch.hpp"

#include <algorithm>
#include <utility>

namespace xfsbus::peer::index {
namespace {

using Files = std::vector<swarm::IndexedFile>;

bool before(swarm::IndexedFile const& one, swarm::IndexedFile const& other) {
    return one.name < other.name;
}

/// Where the run ends that begins here. One that is in reverse is put in order.
Files::iterator end_run(Files::iterator begin, Files::iterator end) {
    bool const reverse = begin + 1 != end && before(begin[1], begin[0]);
    auto const breaks = [reverse](auto const& one, auto const& next) {
        return before(next, one) != reverse;
    };
    auto last = std::adjacent_find(begin, end, breaks);
    last += last == end ? 0 : 1;
    if (reverse) {
        std::reverse(begin, last);
    }
    return last;
}

/// Cheaper for whoever keeps order. Many file systems list a directory in order, or in reverse: so
/// files come in a few runs, and merging these costs less than sorting.
void put_in_order(Files& files) {
    std::vector<Files::iterator> bounds{files.begin()};
    while (bounds.back() != files.end()) {
        bounds.push_back(end_run(bounds.back(), files.end()));
    }
    while (bounds.size() > 2) {
        std::vector<Files::iterator> fewer{files.begin()};
        for (std::size_t i = 2; i < bounds.size(); i += 2) {
            std::inplace_merge(bounds[i - 2], bounds[i - 1], bounds[i], before);
            fewer.push_back(bounds[i]);
        }
        if (fewer.back() != files.end()) {
            fewer.push_back(files.end());  // one that was left over
        }
        bounds = std::move(fewer);
    }
}

}  // namespace

void ChangeBatch::add_new(swarm::IndexedFile file) {
    if (removed_.empty()) {
        if (new_.empty()) {
            new_.reserve(taken_);
        }
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
    taken_ = changes.added.size();
    added_.clear();
    removed_.clear();
    return changes;
}

}  // namespace xfsbus::peer::index
