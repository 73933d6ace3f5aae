#include <xfsbus/swarm/share_table.hpp>

#include <algorithm>
#include <iterator>

namespace xfsbus::swarm {

/// Where it is, or what follows it.
ShareTable::Files::iterator ShareTable::place_for(std::string const& name) {
    if (last_ != files_.end() && last_->name < name) {
        auto const next = std::next(last_);
        if (next == files_.end() || name <= next->name) {
            return next;
        }
    }
    return files_.lower_bound(name);
}

IndexedFile const* ShareTable::put(IndexedFile file) {
    auto place = place_for(file.name);
    bool const there = place != files_.end() && place->name == file.name;
    bool const same =
        there && place->content == file.content && place->stamp.size == file.stamp.size;
    if (there) {
        auto const old = place++;
        forget(old);
    }
    if (!partial_.empty()) {
        partial_.erase(file.name);
    }
    last_ = files_.insert(place, std::move(file));
    contents_.insert(*last_);
    return same ? nullptr : &*last_;
}

void ShareTable::forget(Files::iterator file) {
    contents_.erase(*file);
    files_.erase(file);
    last_ = files_.end();
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
    forget(found);
    return true;
}

IndexedFile const* ShareTable::by_name(std::string_view name) const {
    auto const found = files_.find(name);
    return found == files_.end() ? nullptr : &*found;
}

IndexedFile const* ShareTable::by_content(wire::ContentId const& content) const {
    return contents_.first(content);
}

std::vector<IndexedFile const*> ShareTable::all_by_content(wire::ContentId const& content,
                                                           std::size_t most) const {
    return contents_.all(content, most);
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

}  // namespace xfsbus::swarm
