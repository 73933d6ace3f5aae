#include "index/file_table.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace xfsbus::peer::index {
namespace {

struct Parts {
    std::string_view directory;
    std::string_view leaf;
};

Parts parts_of(std::string_view name) {
    auto const slash = name.rfind('/');
    return slash == std::string_view::npos ? Parts{{}, name}
                                           : Parts{name.substr(0, slash), name.substr(slash + 1)};
}

std::string joined(std::string const& directory, std::string const& leaf) {
    return directory.empty() ? leaf : directory + '/' + leaf;
}

}  // namespace

FileTable::Directories::iterator FileTable::directory_of(std::string_view directory) {
    if (last_ == directories_.end() || last_->first != directory) {
        last_ = directories_.find(directory);
    }
    return last_;
}

FileTable::Directories::iterator FileTable::made_directory_of(std::string_view directory) {
    if (directory_of(directory) == directories_.end()) {
        last_ = directories_.emplace(std::string(directory), Entries()).first;
    }
    return last_;
}

void FileTable::remember(std::vector<swarm::IndexedFile> files) {
    for (auto& file : files) {
        auto const [directory, leaf] = parts_of(file.name);
        Entry entry{file.stamp, file.content, std::move(file.manifest)};
        auto const added =
            made_directory_of(directory)->second.try_emplace(std::string(leaf), std::move(entry));
        entries_ += added.second ? 1 : 0;
    }
}

FileTable::Entry* FileTable::find(std::string_view name) {
    auto const [in, leaf] = parts_of(name);
    auto const directory = directory_of(in);
    if (directory == directories_.end()) {
        return nullptr;
    }
    auto const it = directory->second.find(leaf);
    return it == directory->second.end() ? nullptr : &it->second;
}

void FileTable::seen(Entry& entry) {
    seen_ += entry.walk != walk_ ? 1 : 0;
    entry.walk = walk_;
}

void FileTable::confirm(std::string const& name, Entry& entry) {
    seen(entry);
    if (!entry.reported) {
        report(name, entry, false);
    }
}

void FileTable::put(swarm::IndexedFile file, bool lasting) {
    if (lasting) {
        cache_.store(file);
    } else {
        cache_.erase(file.name);
    }
    auto const [directory, leaf] = parts_of(file.name);
    auto const [place, is_new] =
        made_directory_of(directory)->second.try_emplace(std::string(leaf));
    entries_ += is_new ? 1 : 0;
    auto& entry = place->second;
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
    swarm::IndexedFile file{name, entry.content, entry.manifest, entry.stamp};
    if (known) {
        batch_.add(std::move(file), true);
    } else {
        batch_.add_new(std::move(file));
    }
}

void FileTable::drop(std::string const& name) {
    auto const [in, leaf] = parts_of(name);
    auto const directory = directory_of(in);
    if (directory == directories_.end()) {
        return;
    }
    if (auto const it = directory->second.find(leaf); it != directory->second.end()) {
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
    --entries_;
    seen_ -= it->second.walk == walk_ ? 1 : 0;
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

void FileTable::begin_walk() {
    ++walk_;
    seen_ = 0;
}

void FileTable::end_walk() {
    if (seen_ == entries_) {
        return;  // as nearly always
    }
    for (auto it = directories_.begin(); it != directories_.end();) {
        it = drop_if(it, [this](Entry const& entry) { return entry.walk != walk_; });
    }
}

}  // namespace xfsbus::peer::index
