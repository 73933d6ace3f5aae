#include "runtime/peer_threads.hpp"

#include <xfsbus/bus/held_signals.hpp>
#include <xfsbus/swarm/descriptor_shares.hpp>

#include <algorithm>
#include <exception>
#include <system_error>
#include <thread>

namespace xfsbus::peer::runtime {
namespace {

// Of one peer: a job of each pool at once. Chunks are stored by several; one thread each commits,
// reads, reads what the program publishes, and looks; one each loads plug-ins and makes their
// objects.
constexpr unsigned disk_of_one = PeerThreads::store_threads + 4;
constexpr unsigned policies_of_one = 2;

// Of many: together with the rest fewer than 60, so that a disk that hangs, or a plug-in, of a few
// peers leaves threads for the others.
constexpr unsigned disk_of_many = 22;
constexpr unsigned hashing_of_many = 6;
constexpr unsigned policies_of_many = 6;
constexpr unsigned turns_of_many = 6;
constexpr unsigned ends_of_many = 8;

}  // namespace

PeerThreads::PeerThreads(Sizes const& sizes)
    : disk(sizes.disk, "xfs-disk"),
      hashing(sizes.hashing, "xfs-hash"),
      policies(sizes.policies, "xfs-policy"),
      peers_(sizes.peers),
      end_(sizes.ends, "xfs-end"),
      ends_(end_, sizes.ends, [](std::exception_ptr const& fault) {
          std::rethrow_exception(fault);  // without its first thread nothing could end
      }) {
    if (sizes.turns > 0) {
        turns_.emplace(sizes.turns, "xfs-index");
    }
    ends_.submit([] {});
}

/// A peer that ends may be the last that has them, and ends on one of them.
void PeerThreads::destroy(PeerThreads* threads) {
    if (!threads->runs_here()) {
        delete threads;  // NOLINT(cppcoreguidelines-owning-memory): a shared_ptr's
        return;
    }
    bus::HeldSignals const for_the_thread;
    try {
        std::thread([threads] { delete threads; }).detach();  // NOLINT: the same
    } catch (std::system_error const&) {  // NOLINT(bugprone-empty-catch): then they stay
    }
}

std::shared_ptr<PeerThreads> PeerThreads::make(Sizes const& sizes) {
    bus::HeldSignals const for_all_threads;
    return {new PeerThreads(sizes), destroy};
}

std::shared_ptr<PeerThreads> PeerThreads::of_one() {
    return make({.disk = disk_of_one,
                 .hashing = std::max(std::thread::hardware_concurrency(), 1U),
                 .policies = policies_of_one});
}

std::shared_ptr<PeerThreads> PeerThreads::of_many(std::size_t peers) {
    return make({.peers = std::max<std::size_t>(peers, 1),
                 .disk = disk_of_many,
                 .hashing = hashing_of_many,
                 .policies = policies_of_many,
                 .turns = turns_of_many,
                 .ends = ends_of_many});
}

index::ShareIndex::Threads PeerThreads::index_threads() {
    return {.lookout = &lookout_,
            .watch = &watch_,
            .turns = turns_ ? &*turns_ : nullptr,
            .hashing = &hashing};
}

unsigned PeerThreads::hashers(std::size_t most) const {
    return peers_ > 1
               ? 1
               : std::clamp(std::thread::hardware_concurrency(), 1U, static_cast<unsigned>(most));
}

std::uint64_t PeerThreads::descriptor_limit(std::uint64_t limit, std::uint64_t open) {
    auto const before = started_++;
    auto const coming = before < peers_ ? peers_ - before : 1;
    auto const part = (limit - std::min(limit, open)) / coming;
    return std::min(limit, open + std::max(part, swarm::descriptors_least));
}

bool PeerThreads::runs_here() const {
    return disk.runs_here() || hashing.runs_here() || policies.runs_here() || end_.runs_here() ||
           (turns_ && turns_->runs_here());
}

}  // namespace xfsbus::peer::runtime
