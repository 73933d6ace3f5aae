#include "share/file_table.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace xfsbus::peer {
namespace {

std::size_t leaf_at(std::string_view name) {
    return name.rfind('/') + 1;  // 0 if there is none
}

std::string_view directory_in(std::string_view name) {
    return name.substr(0, std::max<std::size_t>(leaf_at(name), 1) - 1);
}

std::string_view leaf_in(std::string_view name) {
    return name.substr(leaf_at(name));
}

std::string joined(std::string const& directory, std::string const& leaf) {
    return directory.empty() ? leaf : directory + '/' + leaf;
}

}  // namespace

FileTable::Directories::iterator FileTable::directory_of(std::string_view name) {
    auto const directory = directory_in(name);
    if (last_ == directories_.end() || last_->first != directory) {
        last_ = directories_.find(directory);
    }
    return last_;
}

FileTable::Directories::iterator FileTable::made_directory_of(std::string_view name) {
    if (directory_of(name) == directories_.end()) {
        last_ = directories_.emplace(std::string(directory_in(name)), Entries()).first;
    }
    return last_;
}

void FileTable::remember(std::vector<IndexedFile> files) {
    for (auto& file : files) {
        made_directory_of(file.name)->second.try_emplace(
            std::string(leaf_in(file.name)),
            Entry{file.stamp, file.content, std::move(file.manifest)});
    }
}

FileTable::Entry* FileTable::find(std::string const& name) {
    auto const directory = directory_of(name);
    if (directory == directories_.end()) {
        return nullptr;
    }
    auto const it = directory->second.find(leaf_in(name));
    return it == directory->second.end() ? nullptr : &it->second;
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
    auto& entry = made_directory_of(file.name)->second[std::string(leaf_in(file.name))];
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
    auto const directory = directory_of(name);
    if (directory == directories_.end()) {
        return;
    }
    if (auto const it = directory->second.find(leaf_in(name)); it != directory->second.end()) {
        drop(directory, it);
        forget_if_empty(directory);
    }
}

FileTable::Entries::iterator FileTable::drop(Directories::iterator directory,
                                             Entries::iterator it) {
    auto const name = joined(directory->first, it->first);
    cache_.erase(name);
    if (it->second.reported) {
        --files_;
        bytes_ -= it->second.stamp.size;
        batch_.remove(name);
    }
    return directory->second.erase(it);
}

FileTable::Directories::iterator FileTable::forget_if_empty(Directories::iterator directory) {
    if (!directory->second.empty()) {
        return std::next(directory);
    }
    last_ = directories_.end();
    return directories_.erase(directory);
}

/// Returns the directory that follows.
template <typename IsGone>
FileTable::Directories::iterator FileTable::drop_if(Directories::iterator directory,
                                                    IsGone is_gone) {
    auto& files = directory->second;
    for (auto it = files.begin(); it != files.end();) {
        it = is_gone(it->second) ? drop(directory, it) : std::next(it);
    }
    return forget_if_empty(directory);
}

void FileTable::drop_below(std::string const& directory) {
    auto const all = [](Entry const&) { return true; };
    if (auto const own = directories_.find(directory); own != directories_.end()) {
        drop_if(own, all);
    }
    auto const prefix = directory + '/';
    for (auto it = directories_.lower_bound(prefix);
         it != directories_.end() && it->first.starts_with(prefix);) {
        it = drop_if(it, all);
    }
}

void FileTable::withdraw() {
    if (files_ == 0) {
        return;  // as at the start, with all that the cache remembers
    }
    for (auto& [directory, files] : directories_) {
        for (auto& [leaf, entry] : files) {
            if (std::exchange(entry.reported, false)) {
                batch_.remove(joined(directory, leaf));
            }
        }
    }
    files_ = 0;
    bytes_ = 0;
}

void FileTable::end_walk() {
    for (auto it = directories_.begin(); it != directories_.end();) {
        it = drop_if(it, [this](Entry const& entry) { return entry.walk != walk_; });
    }
}

}  // namespace xfsbus::peer
