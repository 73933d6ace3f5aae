#include "core/share_table.hpp"

namespace xfsbus::peer {

void ShareTable::put(IndexedFile file) {
    remove(file.name);
    names_.emplace(file.content, file.name);
    auto name = file.name;
    files_.emplace(std::move(name), std::move(file));
}

bool ShareTable::remove(std::string const& name) {
    auto const found = files_.find(name);
    if (found == files_.end()) {
        return false;
    }
    names_.erase({found->second.content, name});
    files_.erase(found);
    return true;
}

IndexedFile const* ShareTable::by_name(std::string const& name) const {
    auto const found = files_.find(name);
    return found == files_.end() ? nullptr : &found->second;
}

IndexedFile const* ShareTable::by_content(wire::ContentId const& content) const {
    auto const found = names_.lower_bound({content, std::string()});
    bool const has = found != names_.end() && found->first == content;
    return has ? by_name(found->second) : nullptr;
}

std::vector<wire::FileEntry> ShareTable::after(std::string const& name, std::size_t most) const {
    std::vector<wire::FileEntry> entries;
    for (auto at = name.empty() ? files_.begin() : files_.upper_bound(name);
         at != files_.end() && entries.size() < most; ++at) {
        entries.push_back(entry_of(at->second));
    }
    return entries;
}

}  // namespace xfsbus::peer
