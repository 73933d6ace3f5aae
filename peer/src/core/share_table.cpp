#include "core/share_table.hpp"

#include <algorithm>

namespace xfsbus::peer {

bool ShareTable::put(IndexedFile file) {
    auto found = files_.lower_bound(file.name);
    bool const there = found != files_.end() && found->name == file.name;
    bool const same =
        there && found->content == file.content && found->stamp.size == file.stamp.size;
    if (there) {
        contents_.erase(&*found);
        found = files_.erase(found);
    }
    if (!partial_.empty()) {
        partial_.erase(file.name);
    }
    contents_.insert(&*files_.insert(found, std::move(file)));
    return !same;
}

bool ShareTable::put_partial(PartialFile file) {
    if (by_name(file.name) != nullptr) {
        return false;
    }
    auto name = file.name;
    partial_.insert_or_assign(std::move(name), std::move(file));
    return true;
}

void ShareTable::remove_partial(std::string const& name) {
    partial_.erase(name);
}

bool ShareTable::remove(std::string const& name) {
    auto const found = files_.find(name);
    if (found == files_.end()) {
        return false;
    }
    contents_.erase(&*found);
    files_.erase(found);
    return true;
}

IndexedFile const* ShareTable::by_name(std::string_view name) const {
    auto const found = files_.find(name);
    return found == files_.end() ? nullptr : &*found;
}

IndexedFile const* ShareTable::by_content(wire::ContentId const& content) const {
    auto const found = contents_.lower_bound(content);
    return found != contents_.end() && (*found)->content == content ? *found : nullptr;
}

std::string const* ShareTable::manifest(wire::ContentId const& content) const {
    if (auto const* const file = by_content(content)) {
        return file->manifest.get();
    }
    auto const found = std::ranges::find_if(
        partial_, [&](auto const& entry) { return entry.second.content == content; });
    return found == partial_.end() ? nullptr : found->second.manifest.get();
}

std::vector<wire::FileEntry> ShareTable::after(std::string const& name, std::size_t most) const {
    auto whole = name.empty() ? files_.begin() : files_.upper_bound(name);
    auto partial = name.empty() ? partial_.begin() : partial_.upper_bound(name);
    std::vector<wire::FileEntry> entries;
    while (entries.size() < most && (whole != files_.end() || partial != partial_.end())) {
        bool const whole_first =
            partial == partial_.end() || (whole != files_.end() && whole->name < partial->first);
        entries.push_back(whole_first ? entry_of(*whole++) : entry_of((partial++)->second));
    }
    return entries;
}

}  // namespace xfsbus::peer
