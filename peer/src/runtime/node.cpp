#include "runtime/node.hpp"

#include "net/listen_address.hpp"
#include "net/system_random.hpp"
#include "telemetry/log_events.hpp"

#include <xfsbus/wire/name.hpp>

#include <algorithm>

namespace xfsbus::peer::runtime {
namespace {

constexpr unsigned store_threads = 2;
constexpr auto load_patience = std::chrono::seconds(3);
/// Longer than it takes to connect again to a tracker that is back.
constexpr auto tracker_patience = std::chrono::seconds(5);
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

Node::Node(bus::Reactor& reactor, PeerOptions const& options, Plugins plugins,
           std::optional<swarm::LatencyTable> latencies, std::shared_ptr<storage::Tree const> tree,
           swarm::DescriptorShares const& shares)
    : reactor_(reactor),
      options_(options),
      descriptors_(shares),
      plugins_(std::move(plugins)),
      tree_(std::move(tree)),
      shares_(!options.directory.empty()),
      random_(seeded_by_system()),
      self_(new_peer_id()),
      share_(random_()),
      hashes_(plugins_.path, plugins_.host),
      links_(reactor, security_, std::move(latencies), shares.links, [this] { return vitals(); }),
      tracker_(reactor, security_,
               {share_, [this] { return load(); }, [this] { on_state(); },
                [this](std::string const& why) { on_unreachable(why); }}),
      resolver_(reactor),
      serving_(reactor, security_, serving_owner(), upload_limits(), random_()),
      throttle_(options.download_limit, [this] { throttle_alarm_.set(throttle_.next_deadline()); }),
      throttle_alarm_(reactor,
                      [this] {
                          throttle_.run(reactor_.now());
                          throttle_alarm_.set(throttle_.next_deadline());
                      }),
      chunks_(reactor, security_, [this] { ++counters_[telemetry::Counter::chunks_unsolicited]; }),
      services_(make_services()),
      finder_(services_),
      store_(store_threads, "xfs-store", net::fault_teller(reactor)),
      store_jobs_(reactor, store_),
      committer_(net::fault_teller(reactor)),
      inbox_({.accept = shares_ ? options.accept_push : AcceptPush::none,
              .share = share_,
              .download =
                  [this](jobs::DownloadJob::Order order, jobs::DownloadJob::OnDone on_done) {
                      return download(std::move(order), std::move(on_done));
                  },
              .now = [this] { return reactor_.now(); },
              .on_failed = [this](auto const& name, auto const& why) { on_push_failed(name, why); },
              .on_taken =
                  [this](auto const& push) { log(telemetry::push_taken(push.name, push.size)); }}) {
    hashes_.put(plugins_.integrity);
}

serving::Serving::Owner Node::serving_owner() {
    return {.share = share_,
            .tree = tree_,
            .vitals = [this] { return vitals(); },
            .on_stale =
                [this](std::string const& name) {
                    if (index_) {
                        index_->recheck(name);
                    }
                },
            .on_doubt =
                [this](std::string const& name) {
                    if (index_) {
                        index_->verify(name);
                    }
                },
            .on_garbage =
                [this](std::string_view what) {
                    note(LogLevel::debug, "a message was refused, " + std::string(what));
                },
            .on_event = [this](LogEvent const& event) { log(event); },
            .log_level = options_.log_level,
            .on_sink = [this](wire::ContentId const& content,
                              wire::Endpoint const& endpoint) { on_fellow(content, endpoint); },
            .on_push = [this](wire::Push const& push) { return inbox_.answer(push); }};
}

swarm::Uploads::Limits Node::upload_limits() const {
    swarm::Uploads::Limits limits;
    limits.sinks_most = descriptors_.sinks;
    limits.bytes_per_second = options_.upload_limit;
    limits.transfer_bytes_per_second = options_.transfer_upload_limit;
    return limits;
}

jobs::Services Node::make_services() {
    return {
        .reactor = reactor_,
        .links = links_,
        .tracker = tracker_,
        .serving = shares_ ? &serving_ : nullptr,
        .hashes = hashes_,
        .file_places = swarm::FilePlaces(descriptors_.files),
        .store = store_jobs_,
        .committer = committer_,
        .durability = options_.durability,
        .keep_mode = options_.keep_mode,
        .share = share_,
        .tree = tree_,
        .throttle = throttle_,
        .chunks = chunks_,
        .transfer_bytes_per_second = options_.transfer_download_limit,
        .counters = counters_,
        .self = self_,
        .random = random_,
        .id_key = policy_seed(),
        .log = [this](LogEvent const& event) { log(event); },
        .log_level = options_.log_level,
        .new_order =
            [order = plugins_.chunk_order, guard = guard(), totals = order_totals_] {
                return std::make_shared<jobs::OrderSlot>(order->make(guard), totals);
            },
        .on_fetched = [this](swarm::IndexedFile file) { on_fetched(std::move(file)); },
        .on_partial = [this](swarm::PartialFile const& file) { on_partial(file); },
        .on_partial_gone = [this](std::string const& name) { on_partial_gone(name); },
    };
}

Node::~Node() {
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
    finder_.abandon();
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
    if (!chunks_.endpoint().any_host()) {
        links_.set_listens(chunks_.endpoint().host);
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
    log(telemetry::started(serving_.endpoint(), chunks_.endpoint().port, options_.tracker));
    return start_index();
}

/// For other threads: does it on the reactor's, unless this is gone by then.
std::function<void(bus::Reactor::Task)> Node::poster() const {
    return [&reactor = reactor_, alive = std::weak_ptr(alive_)](bus::Reactor::Task task) {
        reactor.post([alive, task = std::move(task)] {
            if (!alive.expired()) {
                task();
            }
        });
    };
}

// ---- the share ----

void Node::on_changed(std::vector<swarm::IndexedFile> added, std::vector<std::string> removed) {
    std::vector<wire::FileEntry> entries;
    entries.reserve(added.size());
    for (auto& file : added) {
        if (auto const* const now = share_.put(std::move(file))) {
            entries.push_back(swarm::ShareTable::entry_of(*now));
        }
    }
    std::erase_if(removed, [this](auto const& name) { return !share_.remove(name); });
    tracker_.on_changed(std::move(entries), std::move(removed));
}

void Node::put(swarm::IndexedFile file) {
    if (auto const* const now = share_.put(std::move(file))) {
        tracker_.on_changed(now->name, swarm::ShareTable::entry_of(*now));
    }
}

/// Offered at once: the index will say the same a little later.
void Node::on_fetched(swarm::IndexedFile file) {
    if (shares_) {
        put(file);
        index_->add(std::move(file));
    }
}

void Node::on_partial(swarm::PartialFile const& file) {
    if (share_.put_partial(file)) {
        tracker_.on_changed(file.name, swarm::ShareTable::entry_of(file));
    }
}

void Node::on_partial_gone(std::string const& name) {
    share_.remove_partial(name);
    if (share_.by_name(name) == nullptr) {
        tracker_.on_changed(name, std::nullopt);
    }
}

/// Somebody asks us for what we fetch ourselves, and so may have something of it for us.
void Node::on_fellow(wire::ContentId const& content, wire::Endpoint const& endpoint) {
    auto const found = services_.fetching.find(content);
    if (found == services_.fetching.end() || found->second->uses(endpoint)) {
        return;
    }
    if (auto link = links_.to(endpoint)) {
        found->second->add_fellow(*link);
    }
}

void Node::on_state() {
    if (tracker_.registered() && !was_registered_) {
        // A table of latencies knows us by the address that others are told.
        links_.set_self(tracker_.listens());
    }
    was_registered_ = tracker_.registered();
    tell_tracker();
    if (tracker_.registered()) {
        for (auto const& then : std::exchange(on_registered_, {})) {
            then();
        }
    }
    tell_refusal();
    // Where the tracker does not take the list there is nothing to wait for.
    if (tracker_.settled() || !tracker_.refusal().empty()) {
        for (auto const& then : std::exchange(on_settled_, {})) {
            then();
        }
    }
}

/// When it is found, and when it is lost.
void Node::tell_tracker() {
    if (tracker_.in_touch() == told_in_touch_) {
        return;
    }
    told_in_touch_ = tracker_.in_touch();
    log(told_in_touch_ ? telemetry::tracker_found(options_.tracker, tracker_.listens())
                       : telemetry::tracker_lost(options_.tracker, tracker_.trouble().message));
}

/// For one that shares nothing it does not matter.
void Node::on_unreachable(std::string const& why) {
    if (shares_) {
        log(telemetry::not_reachable(tracker_.listens(), why));
    }
}

/// Once for each reason: it is tried again every second.
void Node::tell_refusal() {
    if (tracker_.refusal().empty() || tracker_.refusal() == told_refusal_) {
        return;
    }
    told_refusal_ = tracker_.refusal();
    log(telemetry::tracker_refuses(options_.tracker, told_refusal_));
}

/// Others decide how often this happens, so it is not said oftener than it can be read.
void Node::on_push_failed(std::string const& name, Error const& why) {
    bool const soon = reactor_.now() - told_push_ < push_words_apart;
    if (!soon) {
        told_push_ = reactor_.now();
    }
    log(telemetry::push_failed(soon ? LogLevel::debug : LogLevel::warning, name, why));
}

std::uint32_t Node::load() const {
    return static_cast<std::uint32_t>(serving_.load() + jobs_.size());
}

// ---- commands ----

void Node::when_registered(std::function<void()> then) {
    on_registered_.push_back(std::move(then));
    on_state();
}

void Node::when_settled(std::function<void()> then) {
    on_settled_.push_back(std::move(then));
    on_state();
}

struct Node::Wait {
    OnAnswer<std::monostate> then;
    wire::Time since{};
    bus::Reactor::TimerId timer{};
};

/// Once the tracker has the whole list; an Error when nothing is heard of it for too long.
void Node::when_told(OnAnswer<std::monostate> then) {
    auto const wait = std::make_shared<Wait>(Wait{std::move(then), reactor_.now()});
    watch(wait);
    when_settled([this, wait] {
        if (auto const told = std::exchange(wait->then, {})) {
            reactor_.cancel(wait->timer);
            told(done());
        }
    });
}

void Node::watch(std::shared_ptr<Wait> const& wait) {
    auto const deadline = std::max(wait->since, tracker_.heard()) + tracker_patience;
    if (deadline <= reactor_.now()) {
        return std::exchange(wait->then, {})(
            Error{Errc::tracker_unreachable, "no answer from the tracker at " + options_.tracker +
                                                 ": " + tracker_trouble().message});
    }
    wait->timer = reactor_.at(deadline, [this, wait, alive = std::weak_ptr(alive_)] {
        if (!alive.expired()) {
            watch(wait);
        }
    });
}

void Node::when_scanned(OnAnswer<UpdateSummary> then) {
    if (scanned_) {
        return then(*scanned_);
    }
    on_scanned_.push_back(std::move(then));
}

/// A tracker takes a peer to be where its connection comes from.
std::string Node::source_for(wire::Endpoint const& tracker) const {
    auto const& host = serving_.endpoint().host;
    bool const matters = !serving_.endpoint().any_host() && !wire::loopback_host(host) &&
                         wire::numeric_host(tracker.host) && !wire::loopback_host(tracker.host) &&
                         !wire::same_host(bus::address_towards(tracker.host), host);
    return matters ? host : std::string();
}

void Node::get_load(wire::Endpoint const& of, OnAnswer<std::uint32_t> on_load) {
    resolver_.resolve(of.host, load_patience, [this, port = of.port, on_load](auto const& hosts) {
        hosts ? get_load_at({hosts->front(), port}, on_load) : on_load(hosts.error());
    });
}

void Node::get_load_at(wire::Endpoint const& of, OnAnswer<std::uint32_t> const& on_load) {
    auto link = links_.to(of);
    if (!link) {
        return on_load(link.error());
    }
    auto* const raw = link->get();
    raw->probe(load_patience, [link = *link, on_load](Result<net::Link::Vitals> const& vitals) {
        vitals ? on_load(vitals->load) : on_load(vitals.error());
    });
}

std::shared_ptr<jobs::DownloadJob> Node::download(jobs::DownloadJob::Order order,
                                                  jobs::DownloadJob::OnDone on_done) {
    if (order.sources == 0) {
        order.sources = options_.sources;
    }
    auto const policy = std::make_shared<jobs::PolicySlot>(policy_seed());
    auto holder = std::make_shared<std::weak_ptr<jobs::DownloadJob>>();
    auto job = std::make_shared<jobs::DownloadJob>(
        services_, std::move(order), policy,
        [this, holder, on_done = std::move(on_done)](Result<DownloadReport> report) {
            if (auto const over = holder->lock()) {
                jobs_.erase(over);
            }
            // The tracker is told before the caller is: who asks it next finds us as a source.
            if (!report || !tracker_.registered() || !tracker_.connected() || !shares_) {
                return on_done(std::move(report));
            }
            auto kept = std::make_shared<Result<DownloadReport>>(std::move(report));
            when_told([on_done, kept](Status const&) { on_done(std::move(*kept)); });
        });
    *holder = job;
    jobs_.insert(job);
    put_selector(policy, [this, holder] {
        if (auto const waiting = holder->lock(); jobs_.contains(waiting)) {  // not cancelled
            waiting->start();
        }
    });
    return job;
}

std::shared_ptr<jobs::PushJob> Node::push(jobs::PushJob::Order order,
                                          jobs::PushJob::OnDone on_done) {
    auto holder = std::make_shared<std::weak_ptr<jobs::PushJob>>();
    auto job = std::make_shared<jobs::PushJob>(
        services_, std::move(order),
        [this, holder, on_done = std::move(on_done)](Result<PushResult> result) {
            if (auto const over = holder->lock()) {
                pushes_.erase(over);
            }
            on_done(std::move(result));
        });
    *holder = job;
    pushes_.insert(job);
    // What is to be pushed may be a file of this peer's that it has not read yet.
    when_scanned([this, weak = std::weak_ptr(job)](Result<UpdateSummary> const&) {
        when_told([weak](Status const&) {
            if (auto const waiting = weak.lock()) {
                waiting->start();
            }
        });
    });
    return job;
}

void Node::peers(OnAnswer<std::vector<KnownPeer>> on_peers) {
    tracker_.list_peers([this, on_peers](Result<std::vector<wire::PeerEntry>> entries) {
        if (!entries) {
            return on_peers(entries.error());
        }
        std::vector<KnownPeer> known;
        for (auto const& entry : *entries) {
            known.push_back({entry.listens.host, entry.listens.port, entry.files, entry.load,
                             entry.heard_ms_ago, entry.labels, entry.peer == self_});
        }
        on_peers(std::move(known));
    });
}

std::vector<SharedFileInfo> Node::files() const {
    std::vector<SharedFileInfo> all;
    for (auto const& file : share_.files()) {
        all.push_back({file.name, wire::to_hex(file.content), file.stamp.size});
    }
    return all;
}

telemetry::Counters Node::counters() const {
    using telemetry::Counter;
    auto all = counters_;
    all[Counter::files] = share_.size();
    all[Counter::load] = load();
    all[Counter::uploads] = serving_.load();
    all[Counter::downloads] = jobs_.size();
    all[Counter::bytes_sent] = serving_.bytes_sent();
    all[Counter::policy_faults] = policy_totals_->faults;
    all[Counter::chunk_order_faults] = order_totals_->faults;
    return all;
}

PeerStatus Node::status() const {
    PeerStatus status;
    auto const& listens = tracker_.registered() ? tracker_.listens() : serving_.endpoint();
    status.host = listens.host;
    status.port = listens.port;
    status.tracker = options_.tracker;
    status.tracker_connected = tracker_.in_touch();
    status.tracker_trouble = tracker_.refusal();
    status.directory = tree_->root().string();
    status.scan = scanned_.value_or(UpdateSummary{});
    status.counters = counters().list();
    for (auto const& job : jobs_) {
        auto files = job->status();
        std::move(files.begin(), files.end(), std::back_inserter(status.downloading));
    }
    status.uploading = serving_.uploads();
    status.policy = plugins_.policy->info().name;
    status.chunk_order = plugins_.chunk_order->info().name;
    status.integrity = plugins_.integrity->name();
    return status;
}

void Node::log(LogEvent const& event) const {
    if (options_.log) {
        options_.log(event);
    }
}

void Node::note(LogLevel level, std::string_view text) const {
    log(telemetry::note(level, text));
}

}  // namespace xfsbus::peer::runtime
