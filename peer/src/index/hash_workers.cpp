#include "index/hash_workers.hpp"

#include <utility>

namespace xfsbus::peer::index {

HashWorkers::HashWorkers(threads::Crew* crew, unsigned threads,
                         std::shared_ptr<policies::HashAlgorithm const> algorithm,
                         std::stop_token stop, Done done, threads::WorkerPool::OnFault on_fault)
    : algorithm_(std::move(algorithm)),
      stop_(std::move(stop)),
      done_(std::move(done)),
      own_(crew == nullptr ? std::make_unique<threads::Crew>(threads, "xfs-hash") : nullptr),
      pool_(crew == nullptr ? *own_ : *crew, threads, std::move(on_fault)) {}

void HashWorkers::submit(Root root, std::string name) {
    pool_.submit([this, root = std::move(root), name = std::move(name)] { hash(root, name); });
}

void HashWorkers::hash(Root const& root, std::string const& name) {
    auto hasher = take_hasher();
    done_(root, name, hasher->hash(root->get(), name, stop_));
    std::lock_guard const lock(mutex_);
    idle_.push_back(std::move(hasher));
}

std::unique_ptr<FileHasher> HashWorkers::take_hasher() {
    {
        std::lock_guard const lock(mutex_);
        if (!idle_.empty()) {
            auto hasher = std::move(idle_.back());
            idle_.pop_back();
            return hasher;
        }
    }
    return std::make_unique<FileHasher>(algorithm_);
}

}  // namespace xfsbus::peer::index
