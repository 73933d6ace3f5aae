#include "runtime/queries.hpp"

#include <xfsbus/wire/name.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace xfsbus::peer::runtime {
namespace {

constexpr auto load_patience = std::chrono::seconds(3);

ListedFile info_of(wire::ListedFile const& file) {
    return {file.name, wire::to_hex(file.content), file.size, file.complete, file.partial};
}

/// As the users of a Peer see them. The tracker is not trusted with names.
std::vector<ListedFile> infos_of(std::vector<wire::ListedFile> const& files) {
    std::vector<ListedFile> all;
    all.reserve(files.size());
    for (auto const& file : files) {
        if (!wire::name_problem(file.name)) {
            all.push_back(info_of(file));
        }
    }
    return all;
}

ListingChange change_of(swarm::FileNews news) {
    switch (news) {
        case swarm::FileNews::there:
            return ListingChange::there;
        case swarm::FileNews::appeared:
            return ListingChange::appeared;
        case swarm::FileNews::changed:
            return ListingChange::changed;
        case swarm::FileNews::holders:
            return ListingChange::holders;
        case swarm::FileNews::gone:
            break;
    }
    return ListingChange::gone;
}

PeerChange change_of(swarm::PeerNews news) {
    switch (news) {
        case swarm::PeerNews::there:
            return PeerChange::there;
        case swarm::PeerNews::appeared:
            return PeerChange::appeared;
        case swarm::PeerNews::changed:
            return PeerChange::changed;
        case swarm::PeerNews::gone:
            break;
    }
    return PeerChange::gone;
}

/// Hands on the files of an answer.
auto to_infos(Queries::OnAnswer<std::vector<ListedFile>> on_listed) {
    return [on_listed = std::move(on_listed)](Result<std::vector<wire::ListedFile>> const& files) {
        files ? on_listed(infos_of(*files)) : on_listed(files.error());
    };
}

}  // namespace

Queries::Queries(bus::Reactor& reactor, jobs::Network const& network, net::TrackerAsker& tracker,
                 PeerList const& known, Policies& policies, telemetry::Log const& log,
                 std::function<jobs::Viewpoint()> from)
    : network_(network),
      tracker_(tracker),
      known_(known),
      policies_(policies),
      resolver_(reactor),
      finder_(network, log),
      source_find_(finder_, log, std::move(from)) {}

void Queries::abandon() {
    finder_.abandon();
    auto const subscriptions = std::exchange(subscriptions_, {});
    for (auto const& job : subscriptions) {
        job->cancel();
    }
}

void Queries::get_load(wire::Endpoint const& of, OnAnswer<std::uint32_t> on_load) {
    resolver_.resolve(of.host, load_patience, [this, port = of.port, on_load](auto const& hosts) {
        hosts ? get_load_at({hosts->front(), port}, on_load) : on_load(hosts.error());
    });
}

void Queries::get_load_at(wire::Endpoint const& of, OnAnswer<std::uint32_t> const& on_load) {
    auto link = network_.links.to(of);
    if (!link) {
        return on_load(link.error());
    }
    auto* const raw = link->get();
    raw->probe(load_patience, [link = *link, on_load](Result<net::Link::Vitals> const& vitals) {
        vitals ? on_load(vitals->load) : on_load(vitals.error());
    });
}

void Queries::find(std::string const& query, OnAnswer<std::vector<FoundSource>> on_found) {
    auto const slot = policies_.new_slot();
    policies_.put_selector(slot, [this, slot, query, on_found = std::move(on_found)] {
        source_find_.start(query, slot, on_found);
    });
}

void Queries::peers(OnAnswer<std::vector<KnownPeer>> on_peers) {
    tracker_.list_peers([this, on_peers](Result<std::vector<wire::PeerEntry>> entries) {
        if (!entries) {
            return on_peers(entries.error());
        }
        std::vector<KnownPeer> known;
        for (auto const& entry : *entries) {
            known.push_back(known_.known(entry));
        }
        on_peers(std::move(known));
    });
}

void Queries::list(std::string const& pattern, OnAnswer<std::vector<ListedFile>> on_listed) {
    tracker_.list(pattern, to_infos(std::move(on_listed)));
}

std::shared_ptr<jobs::SubscriptionTask> Queries::subscribe(
    SubscribeRequest const& request, OnListing const& on_listing,
    OnAnswer<std::vector<ListedFile>> on_done) {
    auto holder = std::make_shared<std::weak_ptr<jobs::SubscriptionTask>>();
    jobs::SubscriptionTask::Order order{
        .wanted = {request.files, request.peers},
        .on_news =
            [on_news = on_listing.on_news](swarm::Subscription::News const& news) {
                on_news(change_of(news.what), info_of(news.file));
            },
        .on_peer =
            [this, on_peer = on_listing.on_peer](swarm::Subscription::NewsOfPeer const& news) {
                on_peer(change_of(news.what), known_.known(news.peer));
            },
        .room = on_listing.room};
    auto job = std::make_shared<jobs::SubscriptionTask>(
        network_, std::move(order),
        [this, holder, on_result = to_infos(std::move(on_done))](auto const& files) {
            if (auto const over = holder->lock()) {
                subscriptions_.erase(over);
            }
            on_result(files);
        });
    *holder = job;
    subscriptions_.insert(job);
    job->start();
    return job;
}

}  // namespace xfsbus::peer::runtime
