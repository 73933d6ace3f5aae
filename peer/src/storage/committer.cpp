#include "storage/committer.hpp"

#include "storage/sync.hpp"

#include <xfsbus/files/system.hpp>

#include <map>
#include <utility>

namespace xfsbus::peer::storage {

void Committer::submit(std::shared_ptr<PartFile> part, Done done) {
    std::scoped_lock const lock(mutex_);
    waiting_.push_back({std::move(part), std::move(done)});
    if (waiting_.size() == 1) {
        pool_.submit([this] { commit_all(); });
    }
}

void Committer::commit_all() {
    std::vector<Entry> batch;
    {
        std::scoped_lock const lock(mutex_);
        batch.swap(waiting_);
    }
    commit(batch);
    for (auto& entry : batch) {
        entry.part.reset();
        entry.done(std::move(entry.result));
    }
}

/// All of them begin to be written before the first is waited for: the file systems that keep a
/// log then write it once for all.
void Committer::commit(std::vector<Entry>& batch) {
    std::vector<Status> begun;
    begun.reserve(batch.size());
    for (auto const& entry : batch) {
        begun.push_back(entry.part->begin_end());
    }
    for (std::size_t i = 0; i < batch.size(); ++i) {
        auto& entry = batch[i];
        auto const synced = begun[i] ? entry.part->sync() : begun[i];
        entry.result = synced ? entry.part->name_it() : Result<swarm::IndexedFile>(synced.error());
    }
    sync_directories(batch);
}

/// Each once. One that cannot be synced fails the files whose names are in it.
void Committer::sync_directories(std::vector<Entry>& batch) {
    std::map<WrittenFiles::Identity, int> errors;
    for (auto& entry : batch) {
        if (!entry.result) {
            continue;
        }
        auto const& directory = entry.part->directory();

        struct stat status {};

        bool const known = files::fstat(directory->get(), &status) == 0;
        auto const identity = WrittenFiles::identity(status);
        auto const found = known ? errors.find(identity) : errors.end();
        int const error = found != errors.end() ? found->second : sync_all(directory->get());
        if (known) {
            errors.insert_or_assign(identity, error);
        }
        if (error != 0) {
            entry.result = entry.part->name_not_safe(error);
        }
    }
}

}  // namespace xfsbus::peer::storage
