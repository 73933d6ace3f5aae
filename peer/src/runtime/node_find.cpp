// What a find of a Node is made of: the tracker's answer, the sources' own, the policy's order.
#include "jobs/ranking.hpp"
#include "runtime/node.hpp"
#include "telemetry/log_events.hpp"

#include <xfsbus/swarm/reasons.hpp>
#include <xfsbus/wire/name.hpp>

#include <algorithm>
#include <iterator>

namespace xfsbus::peer::runtime {
namespace {

/// The tracker may not know yet that a peer has just crashed, or that a file of its is gone; we do.
void believe_sources(std::vector<wire::FoundFile>& files, jobs::Finder::Gone const& gone,
                     jobs::Finder::Held const& held) {
    for (auto& file : files) {
        for (auto& source : file.sources) {
            auto const said = held.find({source.listens, file.content});
            source.have_ppm = said == held.end() ? source.have_ppm : said->second;
        }
        std::erase_if(file.sources, [&](auto const& source) {
            return gone.contains(source.listens) ||
                   (source.have_ppm == 0 && held.contains({source.listens, file.content}));
        });
    }
    std::erase_if(files, [](auto const& file) { return file.sources.empty(); });
}

Error nobody_there(std::string const& query, jobs::Finder::Gone const& gone) {
    if (gone.empty()) {
        return jobs::Finder::nobody(query);
    }
    std::vector<std::string> reasons;
    reasons.reserve(gone.size());
    for (auto const& [source, why] : gone) {
        reasons.push_back(why);
    }
    return {Errc::not_found, "no peer that can be reached has '" + wire::escape(query) + "'" +
                                 swarm::tail_of_reasons(reasons)};
}

}  // namespace

void Node::find(std::string const& query, OnAnswer<std::vector<FoundSource>> on_found) {
    auto const slot = policies_.new_slot();
    policies_.put_selector(slot, [this, slot, query, on_found = std::move(on_found)] {
        find_with(slot, query, on_found);
    });
}

void Node::find_with(std::shared_ptr<jobs::PolicySlot> const& slot, std::string const& query,
                     OnAnswer<std::vector<FoundSource>> const& on_found) {
    finder_.find(
        query, {}, [this, slot, query, on_found](Result<std::vector<wire::FoundFile>> files) {
            if (!files) {
                return on_found(files.error());
            }
            // There may be a million: they are not copied.
            auto const kept = std::make_shared<std::vector<wire::FoundFile>>(std::move(*files));
            auto on_probed = [this, slot, query, kept, on_found](jobs::Finder::Probed const& probed,
                                                                 jobs::Finder::Gone const& gone,
                                                                 jobs::Finder::Held const& held) {
                if (believe_sources(*kept, gone, held); kept->empty()) {
                    return on_found(nobody_there(query, gone));
                }
                for (auto const& [source, why] : gone) {
                    log_(telemetry::note(LogLevel::info,
                                         "not counted, though the tracker names it: " + why));
                }
                rank_sources(*kept, probed, *slot, on_found);
            };
            finder_.probe(*kept, std::move(on_probed));
        });
}

void Node::rank_sources(std::vector<wire::FoundFile> const& files,
                        jobs::Finder::Probed const& probed, jobs::PolicySlot& policy,
                        OnAnswer<std::vector<FoundSource>> const& on_found) {
    jobs::Viewpoint const from{.self = self_,
                               .load = load(),
                               .now = reactor_.now(),
                               .source_ids = file_policies_.source_ids};
    std::vector<FoundSource> all;
    for (auto const& file : files) {
        auto ranked = jobs::rank_file(file, probed, from, policy);
        std::move(ranked.begin(), ranked.end(), std::back_inserter(all));
    }
    if (policy.fault()) {
        return on_found(Error{Errc::plugin, *policy.fault()});
    }
    on_found(std::move(all));
}

}  // namespace xfsbus::peer::runtime
