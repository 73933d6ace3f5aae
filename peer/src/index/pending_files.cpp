#include "index/pending_files.hpp"

#include <utility>

namespace xfsbus::peer::index {

PendingFiles::File* PendingFiles::find(std::string const& name) {
    auto const it = files_.find(name);
    return it == files_.end() ? nullptr : &it->second;
}

PendingFiles::File& PendingFiles::add(std::string const& name, Time now) {
    ready_.push_back(name);
    return files_.emplace(name, File{.since = now}).first->second;
}

std::optional<std::string> PendingFiles::next(Time now) {
    while (!later_.empty() && later_.begin()->first <= now) {
        ready_.push_back(std::move(later_.begin()->second));
        later_.erase(later_.begin());
    }
    while (!ready_.empty()) {
        auto name = std::move(ready_.front());
        ready_.pop_front();
        if (auto* file = find(name); file != nullptr && !file->running) {
            file->running = true;
            return name;
        }
    }
    return std::nullopt;
}

void PendingFiles::retry(std::string const& name, Time due) {
    if (auto* file = find(name)) {
        file->running = false;
        later_.emplace(due, name);
    }
}

void PendingFiles::remove(std::string const& name) {
    files_.erase(name);
}

void PendingFiles::clear() {
    *this = PendingFiles();
}

void PendingFiles::doubt_below(std::string const& directory) {
    auto const prefix = directory + '/';
    for (auto it = files_.lower_bound(prefix); it != files_.end() && it->first.starts_with(prefix);
         ++it) {
        it->second.again = it->second.running;
    }
}

std::optional<PendingFiles::Time> PendingFiles::next_due() const {
    return later_.empty() ? std::nullopt : std::optional(later_.begin()->first);
}

}  // namespace xfsbus::peer::index
