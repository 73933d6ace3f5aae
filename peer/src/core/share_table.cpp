#include "core/share_table.hpp"

#include <algorithm>

namespace xfsbus::peer {

void ShareTable::put(IndexedFile file) {
    remove(file.name);
    partial_.erase(file.name);
    names_.emplace(file.content, file.name);
    auto name = file.name;
    files_.emplace(std::move(name), std::move(file));
}

bool ShareTable::put_partial(PartialFile file) {
    if (files_.contains(file.name)) {
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
    names_.erase({found->second.content, name});
    files_.erase(found);
    return true;
}

IndexedFile const* ShareTable::by_name(std::string const& name) const {
    auto const found = files_.find(name);
    return found == files_.end() ? nullptr : &found->second;
}

IndexedFile const* ShareTable::by_content(wire::ContentId const& content) const {
    auto const all = all_by_content(content, 1);
    return all.empty() ? nullptr : all.front();
}

std::vector<IndexedFile const*> ShareTable::all_by_content(wire::ContentId const& content,
                                                           std::size_t most) const {
    std::vector<IndexedFile const*> all;
    for (auto found = names_.lower_bound({content, std::string()});
         found != names_.end() && found->first == content && all.size() < most; ++found) {
        all.push_back(by_name(found->second));
    }
    return all;
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
            partial == partial_.end() || (whole != files_.end() && whole->first < partial->first);
        entries.push_back(whole_first ? entry_of((whole++)->second)
                                      : entry_of((partial++)->second));
    }
    return entries;
}

}  // namespace xfsbus::peer
