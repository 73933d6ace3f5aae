#include "runtime/node.hpp"

#include "net/listen_address.hpp"
#include "net/system_random.hpp"
#include "telemetry/log_events.hpp"

#include <xfsbus/wire/name.hpp>

#include <algorithm>

namespace xfsbus::peer::runtime {
namespace {

/// Between two warnings about files that others pushed.
constexpr auto push_words_apart = std::chrono::seconds(1);

wire::PeerId new_peer_id() {
    wire::PeerId id;
    net::fill_random(id.bytes);
    return id;
}

std::mt19937_64 seeded_by_system() {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device(),
                       device(), device(), device(), device()};
    return std::mt19937_64(seed);
}

}  // namespace

Node::Node(bus::Reactor& reactor, EventStore& events, PeerOptions const& options, Plugins plugins,
           Given given)
    : reactor_(reactor),
      options_(options),
      log_(options_.log, options_.log_level),
      descriptors_(given.descriptors),
      plugins_(std::move(plugins)),
      tree_(std::move(given.tree)),
      trace_(std::move(given.trace)),
      threads_(given.threads),
      shares_(!options.directory.empty()),
      random_(seeded_by_system()),
      self_(new_peer_id()),
      known_(events, self_),
      policies_(reactor, given.threads.policies,
                {.selection = std::move(plugins_.policy),
                 .chunk_order = std::move(plugins_.chunk_order),
                 .upload_choice = std::move(plugins_.upload_choice)},
                options_, trace_, random_),
      share_(random_()),
      hashes_(plugins_.path, plugins_.host, options.accept_hashes),
      links_(reactor, security_, std::move(given.latencies), descriptors_.links,
             [this] { return vitals(); }),
      tracker_(reactor, security_,
               {.share = share_,
                .load = [this] { return load(); },
                .on_state = [this] { watch_.on_state(); },
                .on_unreachable = [this](std::string const& why) { watch_.on_unreachable(why); }}),
      questions_(reactor, tracker_,
                 [this](std::vector<wire::PeerEntry> const& all) { known_.on_list(all); }),
      watch_(reactor, tracker_, events, watch_options(),
             // A table of latencies knows us by the address that others are told.
             [this] { links_.set_self(tracker_.state().listens); }),
      serving_(reactor, security_, given.threads.disk, serving_owner(), upload_limits(), random_()),
      keeper_(reactor, share_, published_, tracker_, watch_, events, options_),
      throttle_(options.download_limit, [this] { throttle_alarm_.set(throttle_.next_deadline()); }),
      throttle_alarm_(reactor,
                      [this] {
                          throttle_.run(reactor_.now());
                          throttle_alarm_.set(throttle_.next_deadline());
                      }),
      chunks_(reactor, security_, [this] { ++counters_[telemetry::Counter::chunks_unsolicited]; }),
      offers_(offers_owner()),
      network_(network()),
      reception_{.chunks = chunks_,
                 .throttle = throttle_,
                 .bytes_per_second = options_.transfer_download_limit,
                 .new_transfer = [this] { return new_transfer(); },
                 .counters = counters_,
                 .deliveries = deliveries_},
      file_policies_{.new_order = [this] { return policies_.new_order(); },
                     .chunk_order = policies_.chunk_order_used(),
                     .trace = trace_.get(),
                     .source_ids = jobs::SourceIds(policies_.seed())},
      destination_{.tree = tree_,
                   .durability = options_.durability,
                   .keep_mode = options_.keep_mode,
                   .places = swarm::FilePlaces(descriptors_.files),
                   .published = shares_ ? &published_ : nullptr},
      queries_(reactor, network_, questions_, known_, policies_, log_,
               [this] { return viewpoint(); }),
      store_(given.threads.disk, PeerThreads::store_threads, net::fault_teller(reactor)),
      store_jobs_(reactor, store_),
      committer_(given.threads.disk, net::fault_teller(reactor)),
      transfer_parts_{.scheduler = reactor,
                      .store = store_jobs_,
                      .committer = committer_,
                      .reception = reception_,
                      .policies = file_policies_,
                      .offers = offers_,
                      .log = log_},
      inbox_({.accept = shares_ ? options.accept_push : AcceptPush::none,
              .share = share_,
              .download =
                  [this](jobs::DownloadTask::Order order, jobs::DownloadTask::OnDone on_done) {
                      return download(std::move(order), std::move(on_done));
                  },
              .now = [this] { return reactor_.now(); },
              .on_failed = [this](auto const& name, auto const& why) { on_push_failed(name, why); },
              .on_taken =
                  [this](auto const& push) { log_(telemetry::push_taken(push.name, push.size)); }}),
      readings_(readings_owner()),
      publishing_(given.threads.hashing, given.threads.hashers(descriptors_.hashers),
                  net::fault_teller(reactor)),
      publishing_jobs_(reactor, publishing_),
      publisher_(publisher_owner()) {
    hashes_.put_built_in(plugins_.built_in_integrity);
    hashes_.put(plugins_.integrity);
    serving_.set_choice(policies_.upload_choice(), &deliveries_);
}

serving::Serving::Owner Node::serving_owner() {
    return {
        .share = share_,
        .published = published_,
        .tree = tree_,
        .vitals = [this] { return vitals(); },
        .on_stale =
            [this](std::string const& name) {
                published_.contains(name) ? publisher_.recheck(name)
                                          : keeper_.look_again(name, ShareKeeper::Doubt::stamp);
            },
        .on_doubt =
            [this](std::string const& name) {
                published_.contains(name) ? publisher_.verify(name)
                                          : keeper_.look_again(name, ShareKeeper::Doubt::bytes);
            },
        .on_garbage =
            [this](std::string_view what) {
                log_(telemetry::note(LogLevel::debug,
                                     "a message was refused, " + std::string(what)));
            },
        .on_event = [this](LogEvent const& event) { log_(event); },
        .log_level = options_.log_level,
        .on_sink = [this](wire::ContentId const& content,
                          wire::Endpoint const& endpoint) { offers_.on_fellow(content, endpoint); },
        .on_push = [this](wire::Push const& push) { return inbox_.answer(push); }};
}

Publisher::Owner Node::publisher_owner() {
    return {
        .scheduler = reactor_,
        .readers = publishing_jobs_,
        .published = published_,
        .share = share_,
        .tree = shares_ ? tree_ : nullptr,
        .hashes = hashes_,
        .integrity = plugins_.integrity,
        .most = options_.published_most,
        .on_shared = [this](swarm::IndexedFile file) { keeper_.on_shared(std::move(file)); },
        .on_unshared =
            [this](swarm::IndexedFile const& file) {
                keeper_.on_unshared(file.name);
                serving_.unshared(file.content);
            },
        .when_told = [this](std::function<void()> then) { when_told(std::move(then)); },
        .warn =
            [this](std::string const& what) { log_(telemetry::note(LogLevel::warning, what)); }};
}

/// The tracker is told before the caller is: who asks it next finds us as a source.
void Node::when_told(std::function<void()> then) {
    auto const at_tracker = tracker_.state();
    if (leaving_ || !at_tracker.registered || !at_tracker.connected) {
        return then();
    }
    watch_.when_told([then = std::move(then)](Status const&) { then(); });
}

Readings::Owner Node::readings_owner() {
    return {.share = share_,
            .published = published_,
            .tree = tree_,
            .download =
                [this](jobs::DownloadTask::Order order, jobs::DownloadTask::OnDone on_done) {
                    return download(std::move(order), std::move(on_done));
                },
            .join =
                [this](auto const& name, auto const& id, auto const& stream) {
                    return std::ranges::any_of(
                        jobs_, [&](auto const& job) { return job->join(name, id, stream); });
                }};
}

swarm::Uploads::Limits Node::upload_limits() const {
    swarm::Uploads::Limits limits;
    limits.sinks_most = descriptors_.sinks;
    limits.bytes_per_second = options_.upload_limit;
    limits.transfer_bytes_per_second = options_.transfer_upload_limit;
    return limits;
}

jobs::ServedOffers::Owner Node::offers_owner() {
    return {
        .server = shares_ ? &serving_ : nullptr,
        .links = links_,
        .on_fetched = [this](swarm::IndexedFile file) { keeper_.on_fetched(std::move(file)); },
        .on_partial =
            [this](swarm::PartialFile const& file) { keeper_.on_partial(file.name, &file); },
        .on_partial_gone = [this](std::string const& name) { keeper_.on_partial(name, nullptr); },
    };
}

jobs::Network Node::network() {
    return {.scheduler = reactor_,
            .tracker = questions_,
            .links = links_,
            .self = self_,
            .look = [this](auto const& contents, auto const& on_looked) {
                serving_.look(contents, on_looked);
            }};
}

/// Nobody can guess it.
wire::TransferId Node::new_transfer() {
    wire::TransferId id;
    transfer_ids_.fill(id.bytes);
    return id;
}

Node::~Node() {
    leaving_ = true;
    readings_.abandon();
    auto const jobs = std::exchange(jobs_, {});
    for (auto const& job : jobs) {
        job->cancel();
    }
    auto const pushes = std::exchange(pushes_, {});
    for (auto const& job : pushes) {
        job->cancel();
    }
    // While everything that an answer may touch is still there.
    links_.abandon();
    queries_.abandon();
    if (started_) {
        tracker_.abandon();
    }
}

Status Node::start() {
    auto const tracker = wire::parse_endpoint(options_.tracker);
    if (!tracker || tracker->port == 0) {
        return Error{Errc::usage, "'" + wire::escape(options_.tracker) +
                                      "' is no address of a tracker; expected tcp://HOST:PORT"};
    }
    auto host = net::listen_address(options_.host, *tracker);
    if (!host) {
        return host.error();
    }
    options_.host = std::move(*host);
    if (auto listening = serving_.listen({options_.host, options_.port}, descriptors_.connections);
        !listening) {
        return listening;
    }
    if (auto listening =
            chunks_.listen({options_.host, options_.data_port}, descriptors_.data_connections);
        !listening) {
        return listening;
    }
    links_.set_self(serving_.endpoint());
    if (!serving_.endpoint().any_host()) {
        links_.set_listens(serving_.endpoint().host);
    }
    swarm::Announcer::Options announcer;
    announcer.peer = self_;
    announcer.listens = serving_.endpoint();
    if (announcer.listens.any_host()) {
        announcer.listens.host.clear();
    }
    announcer.labels = options_.labels;
    announcer.silent = !options_.heartbeat;
    announcer.seed = random_();
    if (auto connected = tracker_.connect(*tracker, source_for(*tracker), std::move(announcer));
        !connected) {
        return connected;
    }
    started_ = true;
    log_(telemetry::started(serving_.endpoint(), options_.data_port, options_.tracker));
    return keeper_.start(plugins_.integrity, tree_, threads_.index_threads(),
                         threads_.hashers(descriptors_.hashers));
}

TrackerWatch::Options Node::watch_options() const {
    return {options_.tracker, [this] { return shares_ || published_.size() > 0; },
            [this](LogEvent const& event) { log_(event); }};
}

/// Others decide how often this happens, so it is not said oftener than it can be read.
void Node::on_push_failed(std::string const& name, Error const& why) {
    bool const soon = reactor_.now() - told_push_ < push_words_apart;
    if (!soon) {
        told_push_ = reactor_.now();
    }
    log_(telemetry::push_failed(soon ? LogLevel::debug : LogLevel::warning, name, why));
}

std::uint32_t Node::load() const {
    return static_cast<std::uint32_t>(serving_.load() + jobs_.size());
}

// ---- jobs ----

/// A tracker takes a peer to be where its connection comes from.
std::string Node::source_for(wire::Endpoint const& tracker) const {
    auto const& host = serving_.endpoint().host;
    bool const matters = !serving_.endpoint().any_host() && !wire::loopback_host(host) &&
                         wire::numeric_host(tracker.host) && !wire::loopback_host(tracker.host) &&
                         !wire::same_host(bus::address_towards(tracker.host), host);
    return matters ? host : std::string();
}

jobs::Viewpoint Node::viewpoint() const {
    return {.self = self_,
            .load = load(),
            .now = reactor_.now(),
            .source_ids = file_policies_.source_ids};
}

std::shared_ptr<jobs::DownloadTask> Node::download(jobs::DownloadTask::Order order,
                                                   jobs::DownloadTask::OnDone on_done) {
    if (order.sources == 0) {
        order.sources = options_.sources;
    }
    auto const policy = policies_.new_slot();
    auto holder = std::make_shared<std::weak_ptr<jobs::DownloadTask>>();
    auto job = std::make_shared<jobs::DownloadTask>(
        jobs::DownloadTask::Parts{.network = network_,
                                  .transfer = transfer_parts_,
                                  .destination = destination_,
                                  .hashes = hashes_,
                                  .share = share_,
                                  .log = log_},
        std::move(order), policy,
        [this, holder, on_done = std::move(on_done)](Result<DownloadReport> report) {
            if (auto const over = holder->lock()) {
                jobs_.erase(over);
            }
            if (!report || !shares_) {
                return on_done(std::move(report));
            }
            auto kept = std::make_shared<Result<DownloadReport>>(std::move(report));
            when_told([on_done, kept] { on_done(std::move(*kept)); });
        });
    *holder = job;
    jobs_.insert(job);
    policies_.put_selector(policy, [this, holder] {
        if (auto const waiting = holder->lock(); jobs_.contains(waiting)) {  // not cancelled
            waiting->start();
        }
    });
    return job;
}

std::shared_ptr<jobs::PushTask> Node::push(jobs::PushTask::Order order,
                                           jobs::PushTask::OnDone on_done) {
    auto holder = std::make_shared<std::weak_ptr<jobs::PushTask>>();
    auto job = std::make_shared<jobs::PushTask>(
        jobs::PushTask::Parts{.network = network_, .share = share_, .random = random_, .log = log_},
        std::move(order), [this, holder, on_done = std::move(on_done)](Result<PushResult> result) {
            if (auto const over = holder->lock()) {
                pushes_.erase(over);
            }
            on_done(std::move(result));
        });
    *holder = job;
    pushes_.insert(job);
    // What is to be pushed may be a file of this peer's that it has not read yet.
    keeper_.when_scanned(job, [this, weak = std::weak_ptr(job)](UpdateSummary const&) {
        watch_.when_told([weak](Status const&) {
            if (auto const waiting = weak.lock()) {
                waiting->start();
            }
        });
    });
    return job;
}

void Node::set_selection(Policies::Factory policy) {
    policies_.set_policy(std::move(policy));
    for (auto const& job : jobs_) {
        policies_.put_selector(job->policy(), [] {});
    }
}

void Node::set_chunk_order(Policies::OrderFactory order) {
    policies_.set_chunk_order(std::move(order));
    file_policies_.chunk_order = policies_.chunk_order_used();
}

void Node::set_policy(policies::PeerPolicyFactory const& policy,
                      std::function<void(PolicyInfo)> on_set) {
    if (auto const* selection = std::get_if<Policies::Factory>(&policy)) {
        set_selection(*selection);
        return on_set(policies_.in_force().selection);
    }
    if (auto const* order = std::get_if<Policies::OrderFactory>(&policy)) {
        set_chunk_order(*order);
        return on_set(policies_.in_force().chunk_order);
    }
    policies_.set_upload_choice(std::get<Policies::UploadFactory>(policy),
                                [this, on_set = std::move(on_set)] {
                                    serving_.set_choice(policies_.upload_choice(), &deliveries_);
                                    on_set(policies_.in_force().upload);
                                });
}

telemetry::Counters Node::counters(Policies::InForce const& policies) const {
    using telemetry::Counter;
    auto all = counters_;
    all[Counter::files] = share_.size();
    all[Counter::load] = load();
    all[Counter::uploads] = serving_.load();
    all[Counter::downloads] = jobs_.size();
    all[Counter::bytes_sent] = serving_.bytes_sent();
    all[Counter::policy_faults] = policies.selection.faults;
    all[Counter::chunk_order_faults] = policies.chunk_order.faults;
    all[Counter::upload_policy_faults] = policies.upload.faults;
    return all;
}

PeerStatus Node::status() const {
    PeerStatus status;
    auto const at_tracker = tracker_.state();
    auto const& listens = at_tracker.registered ? at_tracker.listens : serving_.endpoint();
    status.host = listens.host;
    status.port = listens.port;
    status.tracker = options_.tracker;
    status.tracker_connected = at_tracker.in_touch;
    status.tracker_trouble = at_tracker.refusal;
    status.directory = tree_->root().string();
    status.scan = keeper_.scan();
    auto const policies = policies_.in_force();
    status.counters = counters(policies).list();
    for (auto const& job : jobs_) {
        auto files = job->status();
        std::move(files.begin(), files.end(), std::back_inserter(status.downloading));
    }
    status.uploading = serving_.uploads();
    status.policy = policies.selection.name;
    status.chunk_order = policies.chunk_order.name;
    status.upload_policy = policies.upload.name;
    status.integrity = plugins_.integrity->name();
    return status;
}

}  // namespace xfsbus::peer::runtime
