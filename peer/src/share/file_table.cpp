#include "share/file_table.hpp"

#include <utility>

namespace xfsbus::peer {

void FileTable::remember(IndexedFile file) {
    entries_.emplace_hint(entries_.end(), std::move(file.name),
                          Entry{file.stamp, file.content, std::move(file.manifest)});
}

FileTable::Entry* FileTable::find(std::string const& name) {
    auto const it = entries_.find(name);
    return it == entries_.end() ? nullptr : &it->second;
}

void FileTable::confirm(std::string const& name, Entry& entry) {
    seen(entry);
    if (!entry.reported) {
        report(name, entry, false);
    }
}

void FileTable::put(IndexedFile file, bool lasting) {
    if (lasting) {
        cache_.store(file);
    } else {
        cache_.erase(file.name);
    }
    auto& entry = entries_[file.name];
    bool const known = entry.reported;
    bool const same = known && entry.stamp == file.stamp && entry.content == file.content;
    if (known) {
        --files_;
        bytes_ -= entry.stamp.size;
    }
    entry.stamp = file.stamp;
    entry.content = file.content;
    entry.manifest = std::move(file.manifest);
    seen(entry);
    if (same) {
        ++files_;
        bytes_ += entry.stamp.size;
    } else {
        report(file.name, entry, known);
    }
}

void FileTable::report(std::string const& name, Entry& entry, bool known) {
    entry.reported = true;
    ++files_;
    bytes_ += entry.stamp.size;
    batch_.add({name, entry.content, entry.manifest, entry.stamp}, known);
}

void FileTable::drop(std::string const& name) {
    if (auto const it = entries_.find(name); it != entries_.end()) {
        drop(it);
    }
}

FileTable::Entries::iterator FileTable::drop(Entries::iterator it) {
    auto const& [name, entry] = *it;
    cache_.erase(name);
    if (entry.reported) {
        --files_;
        bytes_ -= entry.stamp.size;
        batch_.remove(name);
    }
    return entries_.erase(it);
}

void FileTable::drop_below(std::string const& directory) {
    auto const prefix = directory + '/';
    for (auto it = entries_.lower_bound(prefix);
         it != entries_.end() && it->first.starts_with(prefix);) {
        it = drop(it);
    }
}

void FileTable::withdraw() {
    for (auto& [name, entry] : entries_) {
        if (std::exchange(entry.reported, false)) {
            batch_.remove(name);
        }
    }
    files_ = 0;
    bytes_ = 0;
}

void FileTable::end_walk() {
    for (auto it = entries_.begin(); it != entries_.end();) {
        it = it->second.walk == walk_ ? std::next(it) : drop(it);
    }
}

}  // namespace xfsbus::peer
