#include "live/run.hpp"

#include "experiment/population.hpp"
#include "live/folder.hpp"
#include "live/network.hpp"
#include "live/plan.hpp"
#include "live/processors.hpp"
#include "live/swarm.hpp"
#include "results/course.hpp"

#include <xfsbus/policies/host/seeded_random.hpp>

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <system_error>

#include <unistd.h>

namespace xfsbus::lab::live {
namespace {

using experiment::Experiment;
using experiment::Where;
using Peers = std::vector<experiment::Peer>;

// ---- files ----

/// A new folder there. What a run has left that was killed goes first.
std::filesystem::path only_folder_in(std::filesystem::path const& work, std::string const& name) {
    std::error_code ignored;
    for (auto const& left : std::filesystem::directory_iterator(work)) {
        std::filesystem::remove_all(left.path(), ignored);
    }
    std::filesystem::create_directory(work / name);
    return work / name;
}

/// The directory of a peer's program, or of the tracker's.
std::filesystem::path directory_of(std::filesystem::path const& folder,
                                   std::optional<std::size_t> peer) {
    return folder / (peer ? "peer" + std::to_string(*peer) : "tracker");
}

void require_written(std::ofstream& file, std::filesystem::path const& path) {
    file.close();
    if (!file) {
        throw std::runtime_error(path.string() + " cannot be written");
    }
}

/// Bytes that follow from the run's seed.
void write_content(std::filesystem::path const& path, std::uint64_t bytes, std::uint64_t seed) {
    policies::SeededRandom random(seed);
    std::array<std::uint64_t, 8192> block{};
    std::ofstream file(path, std::ios::binary);
    for (std::uint64_t left = bytes; left > 0 && file;) {
        std::ranges::generate(block, [&] { return random.next(); });
        auto const now = std::min<std::uint64_t>(left, sizeof block);
        file.write(reinterpret_cast<char const*>(block.data()), static_cast<std::streamsize>(now));
        left -= now;
    }
    require_written(file, path);
}

/// What all programs find when they start.
void lay_out(std::filesystem::path const& folder, Plan const& plan, std::uint64_t bytes,
             std::uint64_t seed) {
    auto const content = folder / content_name;
    write_content(content, bytes, seed);
    std::ofstream latencies(folder / "latencies");
    latencies << plan.latencies;
    require_written(latencies, folder / "latencies");
    std::filesystem::create_directory(directory_of(folder, std::nullopt));
    for (std::size_t i = 0; i < plan.peers.size(); ++i) {
        auto const shared = directory_of(folder, i) / "shared";
        std::filesystem::create_directories(shared);
        if (plan.peers[i].has_content) {
            std::filesystem::create_hard_link(content, shared / content_name);
        }
    }
}

// ---- figures ----

/// What all who fetched have had of each, and from where to where.
class Ledger {
  public:
    Ledger(Plan const& plan, Peers const& peers) : peers_(peers), sent_(peers.size()) {
        for (std::size_t i = 0; i < plan.peers.size(); ++i) {
            by_address_[plan.peers[i].address] = i;
        }
    }

    void add(std::size_t sink, Told const& told, results::Run& run) {
        for (auto const& [address, received] : told.received) {
            auto const source = by_address_.find(address);
            if (source == by_address_.end()) {
                continue;
            }
            auto const bytes = received.bytes + received.duplicate;
            sent_[source->second] += bytes;
            run.bytes_duplicate += received.duplicate;
            run.bytes_between_racks[{peers_[source->second].rack, peers_[sink].rack}] += bytes;
        }
    }

    [[nodiscard]] std::uint64_t sent_by(std::size_t peer) const { return sent_[peer]; }

  private:
    Peers const& peers_;
    std::map<std::string, std::size_t> by_address_;
    std::vector<std::uint64_t> sent_;
};

results::Run run_of(Experiment const& experiment, Plan const& plan, Peers const& peers,
                    Swarm const& swarm) {
    results::Run run;
    run.stored = tally::Timeline(tally::Timeline::step_of_progress);
    Ledger ledger(plan, peers);
    for (std::size_t i = 0; i < peers.size(); ++i) {
        ledger.add(i, swarm.told(i), run);
    }
    for (std::size_t i = 0; i < peers.size(); ++i) {
        auto const& told = swarm.told(i);
        // Who has crashed has no word for it: then that of the others.
        results::Course const course{.first_chunk = told.first_chunk,
                                     .quarters = told.quarters,
                                     .completed = told.completed,
                                     .bytes_up = told.bytes_sent.value_or(ledger.sent_by(i)),
                                     .bytes_down = told.bytes_down,
                                     .messages = {},
                                     .failure = told.failure};
        run.peers.push_back(results::row_of(experiment, peers[i], course, swarm.end()));
        run.bytes_of_seeds += plan.peers[i].has_content ? course.bytes_up : 0;
        run.stored.add(told.stored);
    }
    return run;
}

}  // namespace

results::Run run(Experiment const& experiment, std::size_t policy, std::uint64_t seed,
                 Place const& place) {
    auto const peers = experiment::draw(experiment, seed);
    bool const apart = place.where == Where::netns;
    auto const addresses =
        apart ? network_addresses(peers.size())
              : loopback_addresses(static_cast<std::uint32_t>(::getpid()), peers.size());
    auto const plan =
        plan_of(experiment, policy, seed, peers, place.where, addresses, place.plugin_dirs);
    Folder const folder(
        only_folder_in(place.work, std::to_string(policy) + "-" + std::to_string(seed)));
    lay_out(folder.path(), plan, experiment.content.bytes, seed);
    auto const network =
        apart ? std::make_unique<Network>(network_plan_of(experiment, peers, addresses)) : nullptr;
    Swarm swarm(plan, [&](std::optional<std::size_t> peer) {
        auto const directory = directory_of(folder.path(), peer);
        return Start{.file = place.programs / (peer ? "xfs-peer" : "xfs-tracker"),
                     .arguments = {},
                     .directory = directory,
                     .log = directory / "log",
                     .network = !network ? -1
                                : peer   ? network->of_peer(*peer)
                                         : network->middle()};
    });
    swarm.get_ready();
    auto const begin = ticks_now();
    swarm.go();
    auto const busy = busy_between(begin, ticks_now());
    swarm.ask();
    auto result = run_of(experiment, plan, peers, swarm);
    result.busy = busy;
    return result;
}

}  // namespace xfsbus::lab::live
