#include "runtime/begin_jobs.hpp"

#include <xfsbus/peer/peer.hpp>
#include <xfsbus/wire/name.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace xfsbus::peer {
namespace {

using runtime::Callback;
using runtime::Engine;
using runtime::EventStore;
using runtime::JobState;
using runtime::Node;

/// For the reason why there is no answer.
constexpr auto word_most = std::chrono::seconds(1);

/// For a job that one call waits for, and nobody else knows of.
Engine::Telling privately(bool progress) {
    auto events = std::make_shared<EventStore>(0);
    events->open(EventStore::Keep::lasting);
    return {std::move(events), progress, false};
}

Result<EventQueue> open_queue(Engine& engine, EventStore::Keep keep) {
    auto store = engine.open_events(keep);
    return store ? Result(EventQueue(std::move(*store))) : Result<EventQueue>(store.error());
}

/// What is left of a wait.
class Deadline {
  public:
    explicit Deadline(Wait wait) : wait_(std::move(wait)) {}

    [[nodiscard]] Wait rest() const {
        auto rest = wait_;
        if (rest.most) {
            auto const waited = std::chrono::steady_clock::now() - begun_;
            *rest.most -=
                std::min(std::chrono::duration_cast<std::chrono::milliseconds>(waited), *rest.most);
        }
        return rest;
    }

  private:
    Wait wait_;
    std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

/// Cancels a job that is left before it is done.
class Leash {
  public:
    explicit Leash(JobState const& job) : job_(job) {}

    ~Leash() {
        if (!job_.done()) {
            job_.cancel();
        }
    }

    Leash(Leash const&) = delete;
    Leash& operator=(Leash const&) = delete;

  private:
    JobState const& job_;
};

template <typename T>
Result<T> take(JobState& job) {
    return std::get<Result<T>>(job.take());
}

/// Waits for a job that has nothing to say once it is cancelled.
template <typename T>
Result<T> wait_for(JobState& job, Wait const& wait) {
    Leash const leash(job);
    return job.wait(wait) ? take<T>(job) : Result<T>(runtime::over(wait));
}

/// Waits for a job and tells how it goes. One that is cancelled has something to say all the same,
/// and only then is nothing done any more.
template <typename T, typename Progressed, typename OnProgress>
Result<T> follow(JobState& job, EventStore& events, OnProgress const& on_progress,
                 Wait const& wait) {
    Leash const leash(job);
    Deadline const deadline(wait);
    bool cancelled = false;
    while (true) {
        auto const event = events.wait(cancelled ? Wait() : deadline.rest());
        if (!event) {
            cancelled = true;
            job.cancel();
        } else if (auto const* progressed = std::get_if<Progressed>(&*event)) {
            on_progress(progressed->progress);
        } else if (std::holds_alternative<JobDone>(*event)) {
            return take<T>(job);
        }
    }
}

}  // namespace

Peer::Peer(std::shared_ptr<Engine> engine) : engine_(std::move(engine)) {}

Peer::~Peer() {
    engine_->end();
}

Result<std::unique_ptr<Peer>> Peer::start(PeerOptions options) {
    auto engine = Engine::start(std::move(options));
    return engine ? Result(std::unique_ptr<Peer>(new Peer(std::move(*engine))))
                  : Result<std::unique_ptr<Peer>>(engine.error());
}

// ---- jobs; here and below this object may be gone before its method returns ----

Result<EventQueue> Peer::events() {
    return open_queue(*engine_, EventStore::Keep::all);
}

Result<EventQueue> Peer::lasting_events() {
    return open_queue(*engine_, EventStore::Keep::lasting);
}

FindJob Peer::start_find(std::string const& name) {
    auto const engine = engine_;
    return FindJob(begin_find(*engine, name, engine->openly()));
}

ListJob Peer::start_list(std::string const& pattern) {
    auto const engine = engine_;
    return ListJob(begin_list(*engine, pattern, engine->openly()));
}

SubscribeJob Peer::start_subscribe(std::string const& pattern) {
    return start_subscribe(SubscribeRequest{.files = pattern});
}

SubscribeJob Peer::start_subscribe(SubscribeRequest const& request) {
    auto const engine = engine_;
    return SubscribeJob(begin_subscribe(*engine, request, engine->openly()));
}

DownloadJob Peer::start_download(DownloadRequest const& request) {
    auto const engine = engine_;
    return DownloadJob(begin_download(*engine, request, engine->openly()));
}

PushJob Peer::start_push(PushRequest const& request) {
    auto const engine = engine_;
    return PushJob(begin_push(*engine, request, engine->openly()));
}

UpdateJob Peer::start_update() {
    auto const engine = engine_;
    return UpdateJob(begin_update(*engine, engine->openly()));
}

PublishJob Peer::start_publish(PublishRequest const& request) {
    auto const engine = engine_;
    return PublishJob(begin_publish(*engine, request, engine->openly()));
}

PolicyJob Peer::start_load_policy(std::string const& spec) {
    auto const engine = engine_;
    return PolicyJob(engine->load_policy(spec, engine->openly()));
}

// ---- the same, waited for ----

Result<std::vector<FoundSource>> Peer::find(std::string const& name, Wait const& wait) {
    if (Callback::runs_here()) {
        return Engine::not_here();
    }
    auto const engine = engine_;
    return wait_for<std::vector<FoundSource>>(*begin_find(*engine, name, privately(false)), wait);
}

Result<std::vector<ListedFile>> Peer::list(std::string const& pattern, Wait const& wait) {
    if (Callback::runs_here()) {
        return Engine::not_here();
    }
    auto const engine = engine_;
    return wait_for<std::vector<ListedFile>>(*begin_list(*engine, pattern, privately(false)), wait);
}

Result<UpdateSummary> Peer::update_list(Wait const& wait) {
    if (Callback::runs_here()) {
        return Engine::not_here();
    }
    auto const engine = engine_;
    return wait_for<UpdateSummary>(*begin_update(*engine, privately(false)), wait);
}

Result<DownloadReport> Peer::download(DownloadRequest const& request,
                                      OnDownloadProgress const& on_progress, Wait const& wait) {
    if (Callback::runs_here()) {
        return Engine::not_here();
    }
    auto const engine = engine_;
    auto const to = privately(static_cast<bool>(on_progress));
    auto const job = begin_download(*engine, request, to);
    return follow<DownloadReport, DownloadProgressed>(*job, *to.events, on_progress, wait);
}

Result<PushResult> Peer::push(PushRequest const& request, OnPushProgress const& on_progress,
                              Wait const& wait) {
    if (Callback::runs_here()) {
        return Engine::not_here();
    }
    auto const engine = engine_;
    auto const to = privately(static_cast<bool>(on_progress));
    auto const job = begin_push(*engine, request, to);
    return follow<PushResult, PushProgressed>(*job, *to.events, on_progress, wait);
}

Result<Published> Peer::publish(PublishRequest const& request, Wait const& wait) {
    if (Callback::runs_here()) {
        return Engine::not_here();
    }
    auto const engine = engine_;
    return wait_for<Published>(*begin_publish(*engine, request, privately(false)), wait);
}

Status Peer::unpublish(std::string const& name, Wait const& wait) {
    auto const engine = engine_;
    return engine->ask<std::monostate>(
        wait, [name](Node& node, auto const& reply) { node.publisher().unpublish(name, reply); });
}

Result<Reader> Peer::open(std::string const& name, OpenOptions const& options, Wait const& wait) {
    auto const engine = engine_;
    auto file = engine->open_file(name, options, wait);
    return file ? Result(Reader(std::move(*file))) : Result<Reader>(file.error());
}

Status Peer::wait_for_tracker(Wait const& wait) {
    auto const engine = engine_;
    auto answer = engine->ask<std::monostate>(wait, [](Node& node, auto const& reply) {
        node.tracker().when_registered(reply.who(), [reply] { reply(done()); });
    });
    if (answer || answer.error().code != Errc::timeout) {
        return answer;
    }
    return engine->ask<std::monostate>(
        word_most, [](Node& node, auto const& reply) { reply(node.tracker().trouble()); });
}

Result<UpdateSummary> Peer::wait_until_shared(Wait const& wait) {
    auto const engine = engine_;
    return engine->ask<UpdateSummary>(wait, [](Node& node, auto const& reply) {
        node.share().when_scanned(reply.who(), [&node, reply](UpdateSummary const& summary) {
            node.tracker().when_settled(reply.who(), [reply, summary] { reply(summary); });
        });
    });
}

Result<UpdateSummary> Peer::wait_until_scanned(Wait const& wait) {
    auto const engine = engine_;
    auto answer = engine->ask<UpdateSummary>(
        wait, [](Node& node, auto const& reply) { node.share().when_scanned(reply.who(), reply); });
    if (!answer && answer.error().code == Errc::timeout) {
        return Error{Errc::timeout, "the first scan of the directory is still under way"};
    }
    return answer;
}

Result<std::uint32_t> Peer::get_load(std::string const& host, std::uint16_t port,
                                     Wait const& wait) {
    if (port == 0 || host.empty() || !wire::valid_host(host)) {
        return Error{Errc::usage, "'" + wire::escape(host) + " " + std::to_string(port) +
                                      "' is no IP and PORT of a peer"};
    }
    auto const engine = engine_;
    return engine->ask<std::uint32_t>(wait, [host, port](Node& node, auto const& reply) {
        node.queries().get_load({host, port}, reply);
    });
}

Result<std::vector<KnownPeer>> Peer::peers(Wait const& wait) {
    auto const engine = engine_;
    return engine->ask<std::vector<KnownPeer>>(
        wait, [](Node& node, auto const& reply) { node.queries().peers(reply); });
}

Result<std::vector<SharedFileInfo>> Peer::files(Wait const& wait) {
    auto const engine = engine_;
    return engine->ask<std::vector<SharedFileInfo>>(
        wait, [](Node& node, auto const& reply) { reply(node.share().files()); });
}

Result<PeerStatus> Peer::status(Wait const& wait) {
    auto const engine = engine_;
    return engine->ask<PeerStatus>(wait,
                                   [](Node& node, auto const& reply) { reply(node.status()); });
}

Result<PolicyInfo> Peer::policy(Wait const& wait) {
    auto const engine = engine_;
    return engine->ask<PolicyInfo>(
        wait, [](Node& node, auto const& reply) { reply(node.policies().in_force().selection); });
}

Result<PolicyInfo> Peer::chunk_order(Wait const& wait) {
    auto const engine = engine_;
    return engine->ask<PolicyInfo>(
        wait, [](Node& node, auto const& reply) { reply(node.policies().in_force().chunk_order); });
}

Result<PolicyInfo> Peer::upload_policy(Wait const& wait) {
    auto const engine = engine_;
    return engine->ask<PolicyInfo>(
        wait, [](Node& node, auto const& reply) { reply(node.policies().in_force().upload); });
}

void Peer::rescan() {
    engine_->post([](Node& node) { node.share().rescan(); });
}

Result<PolicyInfo> Peer::load_policy(std::string const& spec, Wait const& wait) {
    if (Callback::runs_here()) {
        return Engine::not_here();
    }
    auto const engine = engine_;
    return wait_for<PolicyInfo>(*engine->load_policy(spec, privately(false)), wait);
}

}  // namespace xfsbus::peer
