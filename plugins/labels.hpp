#pragma once

#include <algorithm>
#include <string_view>

namespace xfsbus::plugins {

/// What stands behind `key=` in "key=value,..."; empty if nothing does.
inline std::string_view label(std::string_view labels, std::string_view key) {
    while (!labels.empty()) {
        auto const pair = labels.substr(0, labels.find(','));
        labels.remove_prefix(std::min(labels.size(), pair.size() + 1));
        if (pair.size() > key.size() && pair.starts_with(key) && pair[key.size()] == '=') {
            return pair.substr(key.size() + 1);
        }
    }
    return {};
}

}  // namespace xfsbus::plugins
