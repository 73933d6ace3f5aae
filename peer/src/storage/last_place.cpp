#include "storage/last_place.hpp"

#include <utility>

namespace xfsbus::peer::storage {

Result<Place> LastPlace::place(Tree const& tree, std::string_view name, Tree::Make make, Time now) {
    auto const slash = name.rfind('/');
    if (slash == std::string_view::npos) {
        return tree.place(name, make);  // which is no walk
    }
    auto const directory = name.substr(0, slash);
    auto there = last_in(directory, now);
    if (there && root_is_there(tree, *there, now)) {
        there->leaf = name.substr(slash + 1);
        return std::move(*there);
    }
    auto place = tree.place(name, make);
    if (place) {
        std::scoped_lock const lock(mutex_);
        last_ = {std::string(directory), *place};
        root_ = place->root;
        root_seen_ = place->walked;
    }
    return place;
}

bool LastPlace::root_is_there(Tree const& tree, Place const& place, Time now) {
    {
        std::scoped_lock const lock(mutex_);
        if (root_ == place.root && now - root_seen_ < root_lasts) {
            return true;
        }
    }
    auto const root = tree.directory();
    bool const there = root && *root == place.root;
    if (there) {
        std::scoped_lock const lock(mutex_);
        root_ = *root;
        root_seen_ = now;
    }
    return there;
}

void LastPlace::forget() {
    std::scoped_lock const lock(mutex_);
    last_.reset();
    root_.reset();
}

std::optional<Place> LastPlace::last_in(std::string_view directory, Time now) const {
    std::scoped_lock const lock(mutex_);
    bool const same = last_ && last_->directory == directory;
    return same && now - last_->place.walked < lasts ? std::optional(last_->place) : std::nullopt;
}

}  // namespace xfsbus::peer::storage
