#include "runtime/begin_jobs.hpp"

#include "runtime/program_bytes.hpp"

#include <xfsbus/wire/limits.hpp>
#include <xfsbus/wire/name.hpp>

#include <utility>
#include <vector>

namespace xfsbus::peer::runtime {
namespace {

template <typename Running>
std::function<void()> canceller(std::shared_ptr<Running> const& job) {
    return [weak = std::weak_ptr(job)] {
        if (auto const running = weak.lock()) {
            running->cancel();
        }
    };
}

Status check_name(std::string const& out) {
    auto const problem = out.empty() ? std::nullopt : wire::name_problem(out);
    return problem ? Status(Error{Errc::usage, "'" + wire::escape(out) +
                                                   "' cannot be the name of a download: it " +
                                                   *problem})
                   : done();
}

Status check_pattern(std::string const& pattern) {
    constexpr auto most = wire::limits::pattern_bytes;
    return pattern.empty() || pattern.size() > most
               ? Status(Error{Errc::usage, "a pattern has 1 to " + std::to_string(most) + " bytes"})
               : done();
}

Status check_subject(SubscribeRequest const& request) {
    return request.peers && request.files.empty() ? done() : check_pattern(request.files);
}

jobs::DownloadTask::Order order_of(DownloadRequest const& request, JobId id,
                                   Engine::Telling const& to) {
    jobs::DownloadTask::Order order;
    order.query = request.name;
    order.out = request.out;
    order.force = request.force;
    order.repair = request.repair;
    order.sources = request.sources;
    order.wait = request.wait;
    order.play_bytes_per_second = request.play_bytes_per_second;
    if (to.progress) {
        order.on_progress = [events = to.events, id](DownloadProgress const& progress) {
            events->put(DownloadProgressed{id, progress});
        };
    }
    if (to.files) {
        order.on_file = [events = to.events, id](DownloadedFile const& file) {
            if (events->keeps_all()) {
                events->put(FileDone{id, file});
            }
        };
    }
    return order;
}

jobs::PushTask::Order order_of(PushRequest const& request, JobId id, Engine::Telling const& to) {
    jobs::PushTask::Order order{request.name, request.to, request.peers, request.patience, {}};
    if (to.progress) {
        order.on_progress = [events = to.events, id](PushProgress const& progress) {
            events->put(PushProgressed{id, progress});
        };
    }
    return order;
}

}  // namespace

std::shared_ptr<JobState> begin_find(Engine& engine, std::string const& name,
                                     Engine::Telling const& to) {
    return engine.begin<std::vector<FoundSource>>(
        to, [name](Node& node, auto on_found) { node.queries().find(name, std::move(on_found)); });
}

std::shared_ptr<JobState> begin_list(Engine& engine, std::string const& pattern,
                                     Engine::Telling const& to) {
    return engine.begin<std::vector<ListedFile>>(to, [pattern](Node& node, auto on_listed) {
        if (auto const good = check_pattern(pattern); !good) {
            return on_listed(good.error());
        }
        node.queries().list(pattern, std::move(on_listed));
    });
}

std::shared_ptr<JobState> begin_subscribe(Engine& engine, SubscribeRequest const& request,
                                          Engine::Telling const& to) {
    return engine.begin_cancellable<std::vector<ListedFile>>(
        to, [request, to](Node& node, JobId id, auto on_done) -> Engine::Cancel {
            if (auto const good = check_subject(request); !good) {
                on_done(good.error());
                return {};
            }
            Queries::OnListing on_listing{
                .on_news =
                    [events = to.events, id](ListingChange what, ListedFile file) {
                        events->put(ListingChanged{id, what, std::move(file)});
                    },
                .on_peer =
                    [events = to.events, id](PeerChange what, KnownPeer peer) {
                        events->put(PeerChanged{id, what, std::move(peer)});
                    },
                .room = [events = to.events] { return events->room(); }};
            return canceller(node.queries().subscribe(request, on_listing, std::move(on_done)));
        });
}

std::shared_ptr<JobState> begin_update(Engine& engine, Engine::Telling const& to) {
    return engine.begin<UpdateSummary>(
        to, [](Node& node, auto on_done) { node.share().update_list(std::move(on_done)); });
}

std::shared_ptr<JobState> begin_download(Engine& engine, DownloadRequest const& request,
                                         Engine::Telling const& to) {
    auto const begun = std::make_shared<std::weak_ptr<jobs::DownloadTask>>();
    auto state = engine.begin_cancellable<DownloadReport>(
        to, [request, to, begun](Node& node, JobId id, auto on_done) -> Engine::Cancel {
            if (auto const good = check_name(request.out); !good) {
                on_done(good.error());
                return {};
            }
            auto const task = node.download(order_of(request, id, to), std::move(on_done));
            *begun = task;
            return canceller(task);
        });
    state->when_played(
        [weak = engine.weak_from_this(), begun](std::uint64_t position, std::uint64_t rate) {
            if (auto const running = weak.lock()) {
                running->post([begun, position, rate](Node&) {
                    if (auto const task = begun->lock()) {
                        task->play(position, rate);
                    }
                });
            }
        });
    return state;
}

std::shared_ptr<JobState> begin_push(Engine& engine, PushRequest const& request,
                                     Engine::Telling const& to) {
    return engine.begin_cancellable<PushResult>(
        to, [request, to](Node& node, JobId id, auto on_done) -> Engine::Cancel {
            if (request.to == PushTo::number && request.peers == 0) {
                on_done(Error{Errc::usage, "a push to no peer is none"});
                return {};
            }
            return canceller(node.push(order_of(request, id, to), std::move(on_done)));
        });
}

std::shared_ptr<JobState> begin_publish(Engine& engine, PublishRequest const& request,
                                        Engine::Telling const& to) {
    // Handed over, as what lets go of them last may take its time.
    auto const bytes =
        std::make_shared<Result<index::Publications::Bytes>>(bytes_of(request, engine.log()));
    return engine.begin_cancellable<Published>(
        to,
        [name = request.name, manifest = request.manifest, bytes](Node& node, JobId,
                                                                  auto on_done) -> Engine::Cancel {
            if (!*bytes) {
                on_done(bytes->error());
                return {};
            }
            return node.publisher().start({name, std::move(**bytes), manifest}, std::move(on_done));
        });
}

}  // namespace xfsbus::peer::runtime
