#pragma once

#include "index/hash_file.hpp"
#include "index/share_index.hpp"
#include "threads/worker_pool.hpp"

#include <xfsbus/files/fd.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

namespace xfsbus::peer::index {

/// Reads files on threads of its own, or of a crew.
class HashWorkers {
  public:
    using Root = std::shared_ptr<files::Fd const>;
    /// Called on a worker's thread, with what submit() was given.
    using Done =
        std::function<void(Root const& root, std::string const& name, HashOutcome outcome)>;

    /// crew: null: threads of its own.
    HashWorkers(threads::Crew* crew, unsigned threads,
                std::shared_ptr<policies::HashAlgorithm const> algorithm, std::stop_token stop,
                Done done, threads::WorkerPool::OnFault on_fault);

    /// The file of this name below a directory.
    void submit(Root root, std::string name);

  private:
    void hash(Root const& root, std::string const& name);
    std::unique_ptr<FileHasher> take_hasher();

    std::shared_ptr<policies::HashAlgorithm const> algorithm_;
    std::stop_token stop_;
    Done done_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<FileHasher>> idle_;  // kept for their buffers
    std::unique_ptr<threads::Crew> own_;             // null: another's
    threads::WorkerPool pool_;                       // last: its jobs use the others
};

}  // namespace xfsbus::peer::index
