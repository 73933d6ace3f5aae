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
      known_(events, self_),
      policies_(reactor, plugins_.policy, plugins_.chunk_order, options_, random_),
      share_(random_()),
      hashes_(plugins_.path, plugins_.host, options.accept_hashes),
      links_(reactor, security_, std::move(latencies), shares.links, [this] { return vitals(); }),
      tracker_(
          reactor, security_,
          {.share = share_,
           .load = [this] { return load(); },
           .on_state = [this] { watch_.on_state(); },
           .on_unreachable = [this](std::string const& why) { watch_.on_unreachable(why); },
           .on_peers = [this](std::vector<wire::PeerEntry> const& all) { known_.on_list(all); }}),
      watch_(reactor, tracker_, events, watch_options(),
             // A table of latencies knows us by the address that others are told.
             [this] { links_.set_self(tracker_.listens()); }),
      resolver_(reactor),
      serving_(reactor, security_, serving_owner(), upload_limits(), random_()),
      keeper_(reactor, share_, tracker_, watch_, events, options_),
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
                  [this](jobs::DownloadTask::Order order, jobs::DownloadTask::OnDone on_done) {
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
            .on_stale = [this](std::string const& name) { keeper_.recheck(name); },
            .on_doubt = [this](std::string const& name) { keeper_.verify(name); },
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
        .id_key = policies_.seed(),
        .log = [this](LogEvent const& event) { log(event); },
        .log_level = options_.log_level,
        .new_order = policies_.order_maker(),
        .on_fetched = [this](swarm::IndexedFile file) { keeper_.on_fetched(std::move(file)); },
        .on_partial = [this](swarm::PartialFile const& file) { keeper_.on_partial(file); },
        .on_partial_gone = [this](std::string const& name) { keeper_.on_partial_gone(name); },
    };
}

Node::~Node() {
    leaving_ = true;
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
    return keeper_.start(plugins_.integrity, static_cast<unsigned>(descriptors_.hashers));
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

TrackerWatch::Options Node::watch_options() const {
    return {options_.tracker, shares_, [this](LogEvent const& event) { log(event); }};
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

// ---- questions and jobs ----

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

std::shared_ptr<jobs::DownloadTask> Node::download(jobs::DownloadTask::Order order,
                                                   jobs::DownloadTask::OnDone on_done) {
    if (order.sources == 0) {
        order.sources = options_.sources;
    }
    auto const policy = policies_.new_slot();
    auto holder = std::make_shared<std::weak_ptr<jobs::DownloadTask>>();
    auto job = std::make_shared<jobs::DownloadTask>(
        services_, std::move(order), policy,
        [this, holder, on_done = std::move(on_done)](Result<DownloadReport> report) {
            if (auto const over = holder->lock()) {
                jobs_.erase(over);
            }
            // The tracker is told before the caller is: who asks it next finds us as a source.
            if (!report || leaving_ || !tracker_.registered() || !tracker_.connected() ||
                !shares_) {
                return on_done(std::move(report));
            }
            auto kept = std::make_shared<Result<DownloadReport>>(std::move(report));
            watch_.when_told([on_done, kept](Status const&) { on_done(std::move(*kept)); });
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
    keeper_.when_scanned(job, [this, weak = std::weak_ptr(job)](UpdateSummary const&) {
        watch_.when_told([weak](Status const&) {
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
            known.push_back(known_.known(entry));
        }
        on_peers(std::move(known));
    });
}

void Node::set_policy(Policies::Factory policy) {
    policies_.set_policy(std::move(policy));
    for (auto const& job : jobs_) {
        policies_.put_selector(job->policy(), [] {});
    }
}

telemetry::Counters Node::counters() const {
    using telemetry::Counter;
    auto all = counters_;
    all[Counter::files] = share_.size();
    all[Counter::load] = load();
    all[Counter::uploads] = serving_.load();
    all[Counter::downloads] = jobs_.size();
    all[Counter::bytes_sent] = serving_.bytes_sent();
    all[Counter::policy_faults] = policies_.faults();
    all[Counter::chunk_order_faults] = policies_.order_faults();
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
    status.scan = keeper_.scan();
    status.counters = counters().list();
    for (auto const& job : jobs_) {
        auto files = job->status();
        std::move(files.begin(), files.end(), std::back_inserter(status.downloading));
    }
    status.uploading = serving_.uploads();
    status.policy = policies_.policy().name;
    status.chunk_order = policies_.chunk_order().name;
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
