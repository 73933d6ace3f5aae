#include "sim/simulated_peer.hpp"

#include "sim/transfer_ids.hpp"

#include <xfsbus/policies/load_latency.hpp>
#include <xfsbus/policies/rarest.hpp>

#include <utility>

namespace xfsbus::lab::sim {

SimulatedPeer::SimulatedPeer(Nature its_nature, Rules const& rules, std::uint64_t seed)
    : alias(policies::SeededRandom(~seed).next()),
      content(std::make_shared<swarm::ContentState>(the_content, rules.file,
                                                    its_nature.seed
                                                        ? swarm::ChunkSet::full(rules.file.chunks)
                                                        : swarm::ChunkSet(rules.file.chunks))),
      nature(std::move(its_nature)),
      random(seed),
      selector(rules.policy ? rules.policy(nature, seed)
                            : std::make_unique<policies::LoadLatency>()),
      order(rules.chunk_order ? rules.chunk_order(nature, seed)
                              : std::make_unique<policies::RankerOf<policies::Rarest>>()),
      source(rules.uploads, seed, [this](auto const&) {
          return content->complete() ? swarm::SourceSession::Content(content) : nullptr;
      }) {
    figures.chunks_stored = content->has().count();
    if (rules.upload_choice) {
        source.set_choice(rules.upload_choice(nature, seed), &deliveries);
    }
}

bool SimulatedPeer::is_waited_for() const {
    return !gone && !nature.seed && nature.conduct == Conduct::honest &&
           nature.taking == Taking::honest && !figures.completed && !figures.failure;
}

}  // namespace xfsbus::lab::sim
