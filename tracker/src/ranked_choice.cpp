#include "ranked_choice.hpp"

#include <xfsbus/policies/lowest.hpp>
#include <xfsbus/wire/messages.hpp>

#include <algorithm>
#include <exception>
#include <iterator>
#include <utility>

namespace xfsbus::tracker {

namespace {

/// An id is random: as good a number as any other that is made of it.
std::uint64_t number_of(wire::PeerId const& id) {
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < sizeof number; ++i) {
        number = number << 8U | id.bytes[i];
    }
    return number;
}

}  // namespace

void RankedChoice::offer(bool complete, std::uint64_t draw, Source const& source) {
    Peer const& peer = *roster_.at(source.peer);
    sources_.push_back(source);
    views_.push_back({.flags = complete ? XFSBUS_HANDOUT_SOURCE_COMPLETE : 0U,
                      .source_id = number_of(peer.id),
                      .draw = draw,
                      .host = peer.listens.host.c_str(),
                      .labels = peer.labels.c_str(),
                      .completeness = static_cast<double>(source.have_ppm) / wire::complete_ppm,
                      .port = peer.listens.port,
                      .load = peer.load});
}

std::vector<Source> RankedChoice::take() && {
    if (sources_.size() > request_.wanted) {
        ranks_.resize(sources_.size());
        try {
            policy_.rank(request_, views_, ranks_);
        } catch (std::exception const& fault) {
            throw HandoutFault(fault.what());
        }
    }
    using ByRank = policies::Lowest<std::pair<double, std::uint64_t>, Source>;
    ByRank all(request_.wanted);
    ByRank complete(1);
    for (std::size_t i = 0; i < sources_.size(); ++i) {
        double const rank = ranks_.empty() ? 0 : ranks_[i];
        all.offer({rank, views_[i].draw}, sources_[i]);
        if (policies::is_complete(views_[i])) {
            complete.offer({rank, views_[i].draw}, sources_[i]);
        }
    }
    std::vector<Source> chosen;
    auto const kept = std::move(all).take(request_.wanted);
    std::transform(kept.begin(), kept.end(), std::back_inserter(chosen),
                   [](auto const& each) { return each.item; });
    bool const has_complete = std::any_of(chosen.begin(), chosen.end(), [](Source const& source) {
        return source.have_ppm == wire::complete_ppm;
    });
    if (!has_complete && complete.offered() > 0) {
        chosen.back() = std::move(complete).take(1).front().item;
    }
    return chosen;
}

}  // namespace xfsbus::tracker
