#include "jobs/source_find.hpp"

#include "telemetry/log_events.hpp"

#include <xfsbus/swarm/reasons.hpp>
#include <xfsbus/wire/name.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace xfsbus::peer::jobs {
namespace {

/// The tracker may not know yet that a peer has just crashed, or that one of its files is gone.
void correct(std::vector<wire::FoundFile>& files, Finder::Gone const& gone,
             Finder::Held const& held) {
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

Error nobody_there(std::string const& query, Finder::Gone const& gone) {
    if (gone.empty()) {
        return Finder::nobody(query);
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

void SourceFind::start(std::string const& query, std::shared_ptr<PolicySlot> const& policy,
                       OnFound const& on_found) {
    finder_.find(
        query, {}, [this, policy, query, on_found](Result<std::vector<wire::FoundFile>> files) {
            if (!files) {
                return on_found(files.error());
            }
            // There may be a million: they are not copied.
            auto const kept = std::make_shared<std::vector<wire::FoundFile>>(std::move(*files));
            auto on_probed = [this, policy, query, kept, on_found](Finder::Probed const& probed,
                                                                   Finder::Gone const& gone,
                                                                   Finder::Held const& held) {
                if (correct(*kept, gone, held); kept->empty()) {
                    return on_found(nobody_there(query, gone));
                }
                for (auto const& [source, why] : gone) {
                    log_(telemetry::note(LogLevel::info,
                                         "not counted, though the tracker names it: " + why));
                }
                on_found(rank(*kept, probed, *policy));
            };
            finder_.probe(*kept, std::move(on_probed));
        });
}

Result<std::vector<FoundSource>> SourceFind::rank(std::vector<wire::FoundFile> const& files,
                                                  Finder::Probed const& probed,
                                                  PolicySlot& policy) const {
    auto const from = from_();
    std::vector<FoundSource> all;
    for (auto const& file : files) {
        auto ranked = rank_file(file, probed, from, policy);
        std::move(ranked.begin(), ranked.end(), std::back_inserter(all));
    }
    if (policy.fault()) {
        return Error{Errc::plugin, *policy.fault()};
    }
    return all;
}

}  // namespace xfsbus::peer::jobs
