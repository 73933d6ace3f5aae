#include "storage/last_place.hpp"

#include <utility>

namespace xfsbus::peer::storage {

Result<Place> LastPlace::place(Tree const& tree, std::string_view name, Tree::Make make, Time now) {
    auto const slash = name.rfind('/');
    if (slash == std::string_view::npos) {
        return tree.place(name, make);  // which is no walk
    }
    auto const directory = name.substr(0, slash);
    if (auto there = known(tree, directory, now)) {
        there->leaf = name.substr(slash + 1);
        return std::move(*there);
    }
    auto place = tree.place(name, make);
    if (place) {
        std::scoped_lock const lock(mutex_);
        last_ = {std::string(directory), *place};
    }
    return place;
}

std::optional<Place> LastPlace::known(Tree const& tree, std::string_view directory,
                                      Time now) const {
    auto const last = [&]() -> std::optional<Place> {
        std::scoped_lock const lock(mutex_);
        bool const same = last_ && last_->directory == directory;
        return same && now - last_->place.walked < lasts ? std::optional(last_->place)
                                                         : std::nullopt;
    }();
    auto const root = last ? tree.directory() : Error{};
    return root && *root == last->root ? last : std::nullopt;
}

}  // namespace xfsbus::peer::storage
