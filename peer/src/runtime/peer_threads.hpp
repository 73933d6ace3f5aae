#pragma once

#include "index/share_index.hpp"
#include "threads/crew.hpp"
#include "threads/lookout.hpp"
#include "threads/worker_pool.hpp"

#include <xfsbus/bus/reactor_thread.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace xfsbus::peer::runtime {

/// The threads of a peer, or of several: one for their reactors, and those for what takes its time.
/// Most of them begin with the first job for them. Any thread.
class PeerThreads {
  public:
    /// For checking and writing what one peer fetches.
    static constexpr unsigned store_threads = 2;

    /// Of one peer alone. Throws std::system_error if the system gives no thread or descriptors.
    static std::shared_ptr<PeerThreads> of_one();
    /// Of so many. The same.
    static std::shared_ptr<PeerThreads> of_many(std::size_t peers);

    ~PeerThreads() = default;
    PeerThreads(PeerThreads const&) = delete;
    PeerThreads& operator=(PeerThreads const&) = delete;

    threads::Crew disk;
    threads::Crew hashing;
    threads::Crew policies;  ///< loads plug-ins, makes their objects

    /// Does what is left to do for a peer that its reactor runs no more.
    void submit_end(std::function<void()> job) { ends_.submit(std::move(job)); }

    /// Where the index of a share runs.
    [[nodiscard]] index::ShareIndex::Threads index_threads();
    /// How many files one peer may read at once; `most`: as its descriptors allow.
    [[nodiscard]] unsigned hashers(std::size_t most) const;

    /// What one more peer is to take for the process's limit of descriptors, of which so many are
    /// open: it leaves a part of the free ones to those that may still come.
    [[nodiscard]] std::uint64_t descriptor_limit(std::uint64_t limit, std::uint64_t open);

    /// The calling thread is one of a crew.
    [[nodiscard]] bool runs_here() const;

  private:
    struct Sizes {
        std::size_t peers = 1;
        unsigned disk = 1;
        unsigned hashing = 1;
        unsigned policies = 1;
        unsigned turns = 0;  ///< of indexes; 0: the lookout's thread makes them
        unsigned ends = 1;
    };

    explicit PeerThreads(Sizes const& sizes);
    static std::shared_ptr<PeerThreads> make(Sizes const& sizes);
    static void destroy(PeerThreads* threads);

    std::size_t peers_;
    std::atomic<std::size_t> started_ = 0;
    threads::Lookout lookout_{"xfs-index"};
    index::SharedWatch watch_{lookout_};
    std::optional<threads::Crew> turns_;
    threads::Crew end_;
    threads::WorkerPool ends_;

  public:
    bus::ReactorThread reactor;  ///< last: it hands over to the others
};

}  // namespace xfsbus::peer::runtime
