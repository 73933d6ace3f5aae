#pragma once

#include "storage/part_file.hpp"
#include "threads/worker_pool.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace xfsbus::peer::storage {

/// Ends files so that they survive a power cut: syncs their bytes, gives them their names, syncs
/// the directories of these. Those that come while others are being synced are done together, so
/// that many small files share what a sync costs. Uses a thread of a crew; any thread may submit.
class Committer {
  public:
    /// On the committer's thread.
    using Done = std::function<void(Result<swarm::IndexedFile>)>;

    /// `fault`: called should it be unable to go on. The crew outlives it.
    Committer(threads::Crew& crew, std::function<void(std::exception_ptr)> fault)
        : pool_(crew, 1, std::move(fault)) {}

    void submit(std::shared_ptr<PartFile> part, Done done);

  private:
    struct Entry {
        std::shared_ptr<PartFile> part;
        Done done;
        Result<swarm::IndexedFile> result = Error{};
    };

    void commit_all();
    static void commit(std::vector<Entry>& batch);
    static void sync_directories(std::vector<Entry>& batch);

    std::mutex mutex_;
    std::vector<Entry> waiting_;
    threads::WorkerPool pool_;  // last: its thread uses the others
};

}  // namespace xfsbus::peer::storage
