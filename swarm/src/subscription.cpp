#include <xfsbus/swarm/subscription.hpp>
#include <xfsbus/wire/name.hpp>

namespace xfsbus::swarm {

wire::Subscribe Subscription::question() const {
    return {pattern_, after_, epoch_, sequence_};
}

Status Subscription::on_answer(wire::Changes const& answer) {
    if (answer.begin) {
        ++list_;
        swept_ = false;
    }
    epoch_ = answer.epoch;
    sequence_ = answer.sequence;
    after_ = answer.next;
    // A name whose content is another now is to be told as changed, not as gone and there again.
    for (bool const gone : {false, true}) {
        for (auto const& file : answer.files) {
            if (gone == Holders{file.complete, file.partial}.none()) {
                take(file);
            }
        }
    }
    if (bytes_ > most_) {
        return Error{Errc::usage, "more files match than there is room for (" +
                                      std::to_string(files_.size()) + "); narrow the pattern"};
    }
    if (after_.empty()) {
        first_ = false;
        if (!answer.young) {
            sweep();
        }
    }
    return done();
}

/// The tracker is not trusted with names.
void Subscription::take(wire::ListedFile const& file) {
    Holders const holders{file.complete, file.partial};
    auto found = files_.find({file.name, file.content});
    if (found == files_.end()) {
        if (holders.none() || wire::name_problem(file.name)) {
            return;
        }
        found = files_.emplace(Version{file.name, file.content}, State{}).first;
        ++names_[file.name].known;
        bytes_ += bytes_of(file.name);
    }
    found->second.list = list_;
    found->second.size = holders.none() ? found->second.size : file.size;
    set(found, holders);
}

void Subscription::set(Files::iterator file, Holders holders) {
    auto& state = file->second;
    auto& versions = names_[file->first.first];
    versions.there += holders.none() ? 0 : 1;
    versions.there -= state.now.none() ? 0 : 1;
    state.now = holders;
    state.first = state.first || (first_ && state.told.none());
    if (!state.waits && !(state.now == state.told)) {
        state.waits = true;
        to_tell_.push_back(file);
    }
}

/// The list is over: what it does not name, and nobody has told of since, is gone.
void Subscription::sweep() {
    if (swept_) {
        return;
    }
    swept_ = true;
    for (auto it = files_.begin(); it != files_.end(); ++it) {
        if (it->second.list != list_) {
            set(it, {});
        }
    }
}

std::optional<Subscription::News> Subscription::next() {
    while (!to_tell_.empty()) {
        auto const file = to_tell_.front();
        to_tell_.pop_front();
        auto& state = file->second;
        state.waits = false;
        bool const is_news = !(state.now == state.told);
        News const news{news_of(*file),
                        {file->first.first, file->first.second, state.size, state.now.complete,
                         state.now.partial}};
        set_told(file);
        if (is_news) {
            return news;
        }
    }
    return std::nullopt;
}

/// What is told is what is so; what is gone is forgotten.
void Subscription::set_told(Files::iterator file) {
    auto& state = file->second;
    auto& versions = names_[file->first.first];
    versions.told += state.now.none() ? 0 : 1;
    versions.told -= state.told.none() ? 0 : 1;
    state.told = state.now;
    if (state.now.none()) {
        forget(file);
    }
}

void Subscription::forget(Files::iterator file) {
    auto const name = names_.find(file->first.first);
    bytes_ -= bytes_of(name->first);
    if (--name->second.known == 0) {
        names_.erase(name);
    }
    files_.erase(file);
}

FileNews Subscription::news_of(Files::value_type const& file) const {
    auto const& state = file.second;
    auto const& versions = names_.at(file.first.first);
    if (state.now.none()) {
        return versions.there > 0 ? FileNews::holders : FileNews::gone;
    }
    if (!state.told.none()) {
        return FileNews::holders;
    }
    if (state.first) {
        return FileNews::there;
    }
    return versions.told > 0 ? FileNews::changed : FileNews::appeared;
}

std::vector<wire::ListedFile> Subscription::files() const {
    std::vector<wire::ListedFile> all;
    for (auto const& [version, state] : files_) {
        if (!state.told.none()) {
            all.push_back({version.first, version.second, state.size, state.told.complete,
                           state.told.partial});
        }
    }
    return all;
}

}  // namespace xfsbus::swarm
