#include "index/mounts.hpp"

#include <sstream>
#include <utility>

namespace xfsbus::peer::index {
namespace {

/// A field of the table as it was before blanks, tabs, line ends and backslashes became "\040".
std::string unescaped(std::string_view field) {
    std::string text;
    while (!field.empty()) {
        constexpr std::size_t digits = 3;
        if (field.front() == '\\' && field.size() > digits) {
            unsigned value = 0;
            for (char const digit : field.substr(1, digits)) {
                value = value * 8 + static_cast<unsigned>(digit - '0');
            }
            text += static_cast<char>(value);
            field.remove_prefix(1 + digits);
        } else {
            text += field.front();
            field.remove_prefix(1);
        }
    }
    return text;
}

}  // namespace

Mounts::Mounts(std::filesystem::path const& directory, std::string_view table)
    : directory_(directory.string()), known_(below(directory_, table)) {}

std::map<std::string, std::string> Mounts::below(std::string_view directory,
                                                 std::string_view table) {
    std::string const prefix = directory == "/" ? "/" : std::string(directory) + '/';
    std::map<std::string, std::string> found;
    std::istringstream lines{std::string(table)};
    for (std::string line; std::getline(lines, line);) {
        std::istringstream fields(line);
        std::string id;
        std::string unused;
        std::string point;
        fields >> id >> unused >> unused >> unused >> point;
        point = unescaped(point);
        if (point.size() > prefix.size() && point.starts_with(prefix)) {
            found[point.substr(prefix.size())] = id;  // the last one lies above the others
        }
    }
    return found;
}

Mounts::Changes Mounts::read(std::string_view table) {
    auto now = below(directory_, table);
    Changes changes;
    for (auto const& [name, id] : now) {
        auto const before = known_.find(name);
        if (before == known_.end() || before->second != id) {
            changes.come.insert(name);
        }
    }
    for (auto const& [name, id] : known_) {
        if (!now.contains(name)) {
            changes.gone.insert(name);
        }
    }
    known_ = std::move(now);
    return changes;
}

}  // namespace xfsbus::peer::index
