// What a Node knows of all peers' files by the tracker's word alone: the list, and its changes.
#include "runtime/node.hpp"

#include <xfsbus/wire/name.hpp>

#include <algorithm>
#include <utility>

namespace xfsbus::peer::runtime {
namespace {

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

/// Hands on the files of an answer.
auto to_infos(Node::OnAnswer<std::vector<ListedFile>> on_listed) {
    return [on_listed = std::move(on_listed)](Result<std::vector<wire::ListedFile>> const& files) {
        files ? on_listed(infos_of(*files)) : on_listed(files.error());
    };
}

}  // namespace

void Node::list(std::string const& pattern, OnAnswer<std::vector<ListedFile>> on_listed) {
    questions_.list(pattern, to_infos(std::move(on_listed)));
}

std::shared_ptr<jobs::SubscriptionTask> Node::subscribe(std::string const& pattern,
                                                        OnListing const& on_listing,
                                                        OnAnswer<std::vector<ListedFile>> on_done) {
    auto holder = std::make_shared<std::weak_ptr<jobs::SubscriptionTask>>();
    jobs::SubscriptionTask::Order order{
        .pattern = pattern,
        .on_news =
            [on_news = on_listing.on_news](swarm::Subscription::News const& news) {
                on_news(change_of(news.what), info_of(news.file));
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
