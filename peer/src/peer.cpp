#include "runtime/answers.hpp"
#include "runtime/node.hpp"
#include "runtime/size_signal.hpp"
#include "telemetry/log_events.hpp"

#include <xfsbus/peer/peer.hpp>
#include <xfsbus/policies/host/errors.hpp>
#include <xfsbus/policies/host/plugin_spec.hpp>
#include <xfsbus/wire/name.hpp>

#include <cerrno>
#include <fstream>
#include <mutex>
#include <sstream>
#include <system_error>
#include <thread>

namespace xfsbus::peer {
namespace {

Error interrupted() {
    return {Errc::interrupted, "interrupted"};
}

Error too_few_descriptors() {
    return {Errc::failed, "a peer needs " + std::to_string(swarm::descriptors_least) +
                              " file descriptors, and " + std::to_string(bus::open_descriptors()) +
                              " of this process's " + std::to_string(bus::descriptor_limit()) +
                              " are open already; raise the limit (ulimit -n)"};
}

Result<std::optional<swarm::LatencyTable>> read_latencies(std::filesystem::path const& file) {
    if (file.empty()) {
        return std::optional<swarm::LatencyTable>();
    }
    std::ifstream stream(file);
    std::ostringstream text;
    if (!stream || !(text << stream.rdbuf())) {
        return Error{Errc::usage, "cannot read the latency file '" + wire::escape(file.string()) +
                                      "': " + std::generic_category().message(errno)};
    }
    auto table = swarm::LatencyTable::parse(text.str());
    if (!table) {
        return Error{Errc::usage, "latency file '" + wire::escape(file.string()) + "', " +
                                      table.error().message};
    }
    return std::optional(std::move(*table));
}

/// Several threads have something to say.
OnLog one_at_a_time(OnLog const& log) {
    if (!log) {
        return {};
    }
    return [mutex = std::make_shared<std::mutex>(), log](LogEvent const& event) {
        std::lock_guard const lock(*mutex);
        log(event);
    };
}

/// What plug-ins are given. What they log goes to `log` as long as that is there: the thread of one
/// that hangs outlives the peer.
std::shared_ptr<policies::PolicyHost> make_host(PeerOptions const& options,
                                                std::weak_ptr<OnLog const> log) {
    policies::PolicyHost::Options host;
    host.log = [log = std::move(log)](std::string_view plugin, std::string_view line) {
        if (auto const to = log.lock(); to && *to) {
            (*to)(telemetry::policy_says(plugin, line));
        }
    };
    host.labels = options.labels;
    return std::make_shared<policies::PolicyHost>(std::move(host));
}

Result<runtime::Node::Plugins> load_plugins(PeerOptions const& options,
                                            std::shared_ptr<policies::PolicyHost> host) {
    try {
        auto path = policies::PluginPath::standard(options.plugin_directories);
        path.distrust(options.directory.empty() ? options.download_directory : options.directory);
        auto policy =
            policies::load_peer_selector(policies::parse_plugin_spec(options.policy), path, host);
        auto order = policies::load_chunk_order(policies::parse_plugin_spec(options.chunk_order),
                                                path, host);
        auto integrity =
            policies::load_integrity(policies::parse_plugin_spec(options.integrity), path, host);
        return runtime::Node::Plugins{std::move(path), std::move(host), std::move(policy),
                                      std::move(order), std::move(integrity)};
    } catch (policies::PluginRefused const& refused) {
        return Error{Errc::plugin, refused.what()};
    }
}

}  // namespace

struct Peer::Impl {
    Impl(runtime::Node::Plugins const& plugins, std::shared_ptr<OnLog const> on_log)
        : path(plugins.path), host(plugins.host), log(std::move(on_log)) {}

    ~Impl() {
        if (thread.joinable()) {
            reactor.post([this] {
                node->leave();
                node.reset();
            });
            reactor.stop();
            thread.join();
        }
    }

    Impl(Impl const&) = delete;
    Impl& operator=(Impl const&) = delete;

    /// The reactor's thread. What escapes from its work is a fault of this program, or the end of
    /// the memory: nothing goes on from there, and everybody is told.
    void work() {
        try {
            reactor.run();
            return;
        } catch (std::exception const& error) {
            failure.message += error.what();
        } catch (...) {
            failure.message += "an unknown fault";
        }
        answers.fail(failure);
        if (*log) {
            (*log)({LogLevel::error, "failed", failure.message});
        }
        try {
            node.reset();
        } catch (...) {
            static_cast<void>(node.release());  // it is beyond repair, and so it stays
        }
        if (on_failed) {
            on_failed(failure);
        }
    }

    /// Runs on the reactor's thread and waits for the result.
    template <typename Call>
    auto call(Call work) -> decltype(work()) {
        using T = decltype(work());
        auto const answer = answers.expect<T>();
        reactor.post([answer, work = std::move(work)] { answer->set(work()); });
        auto value = answer->wait({});
        return value ? std::move(*value) : runtime::instead<T>(*answers.failure());
    }

    /// Starts `work(on_answer)` on the reactor's thread and waits until it answers.
    template <typename T, typename Work>
    Result<T> ask(Work work, std::stop_token const& stop = {},
                  std::optional<std::chrono::milliseconds> patience = std::nullopt) {
        auto const answer = answers.expect<Result<T>>();
        reactor.post([answer, work = std::move(work)] {
            work([answer](Result<T> value) { answer->set(std::move(value)); });
        });
        auto value = answer->wait(stop, patience);
        return value ? std::move(*value) : Result<T>(answers.failure().value_or(interrupted()));
    }

    /// Starts a job on the reactor's thread and waits until it answers; `stop` cancels it.
    template <typename Job, typename Report, typename Start>
    Result<Report> run_job(Start start, std::stop_token const& stop) {
        auto const answer = answers.expect<Result<Report>>();
        auto const job = std::make_shared<std::weak_ptr<Job>>();
        reactor.post([answer, job, start = std::move(start)] {
            *job = start([answer](Result<Report> report) { answer->set(std::move(report)); });
        });
        std::stop_callback const on_stop(stop, [this, job] {
            reactor.post([job] {
                if (auto const running = job->lock()) {
                    running->cancel();
                }
            });
        });
        // A cancelled job answers, too: only then is nothing done any more.
        auto report = answer->wait({});
        return report ? std::move(*report) : Result<Report>(*answers.failure());
    }

    policies::PluginPath path;
    std::shared_ptr<policies::PolicyHost> host;
    runtime::Answers answers;
    std::shared_ptr<OnLog const> log;
    std::function<void(Error const&)> on_failed;
    Error failure{Errc::failed, "the peer cannot go on: "};
    bus::Reactor reactor;
    std::unique_ptr<runtime::Node> node;
    std::thread thread;
};

Peer::Peer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Peer::~Peer() = default;

Result<std::unique_ptr<Peer>> Peer::start(PeerOptions options) {
    runtime::NoSizeSignal const for_all_threads;
    auto const descriptors =
        swarm::share_descriptors(bus::descriptor_limit(), bus::open_descriptors());
    if (!descriptors) {
        return too_few_descriptors();
    }
    options.log = one_at_a_time(options.log);
    auto const log = std::make_shared<OnLog const>(options.log);
    auto plugins = load_plugins(options, make_host(options, log));
    if (!plugins) {
        return plugins.error();
    }
    auto latencies = read_latencies(options.latency_file);
    if (!latencies) {
        return latencies.error();
    }
    bool const shares = !options.directory.empty();
    auto tree = storage::Tree::open(shares ? options.directory : options.download_directory);
    if (!tree) {
        return tree.error();
    }
    auto impl = std::make_unique<Impl>(*plugins, log);
    impl->node =
        std::make_unique<runtime::Node>(impl->reactor, options, std::move(*plugins),
                                        std::move(*latencies), std::move(*tree), *descriptors);
    impl->on_failed = options.on_failed;
    if (auto started = impl->node->start(); !started) {
        return started.error();
    }
    impl->thread = std::thread([raw = impl.get()] { raw->work(); });
    return std::unique_ptr<Peer>(new Peer(std::move(impl)));
}

Status Peer::wait_for_tracker(std::chrono::milliseconds patience, std::stop_token stop) {
    auto* const node = impl_->node.get();
    auto answer = impl_->ask<std::monostate>(
        [node](auto on_answer) { node->when_registered([on_answer] { on_answer(done()); }); }, stop,
        patience);
    if (answer || stop.stop_requested()) {
        return answer;
    }
    return impl_->call([node] { return node->tracker_trouble(); });
}

Result<UpdateSummary> Peer::wait_until_shared(std::stop_token stop) {
    auto* const node = impl_->node.get();
    return impl_->ask<UpdateSummary>(
        [node](auto on_answer) {
            node->when_scanned([node, on_answer](Result<UpdateSummary> const& summary) {
                node->when_settled([on_answer, summary] { on_answer(summary); });
            });
        },
        stop);
}

Result<UpdateSummary> Peer::wait_until_scanned(std::chrono::milliseconds patience,
                                               std::stop_token stop) {
    auto* const node = impl_->node.get();
    auto answer = impl_->ask<UpdateSummary>(
        [node](auto on_answer) { node->when_scanned(on_answer); }, stop, patience);
    if (!answer && answer.error().code == Errc::interrupted && !stop.stop_requested()) {
        return Error{Errc::timeout, "the first scan of the directory is still under way"};
    }
    return answer;
}

Result<UpdateSummary> Peer::update_list(std::stop_token stop) {
    auto* const node = impl_->node.get();
    auto answer =
        impl_->ask<UpdateSummary>([node](auto on_answer) { node->update_list(on_answer); }, stop);
    return answer;
}

void Peer::rescan() {
    auto* const node = impl_->node.get();
    impl_->reactor.post([node] { node->rescan(); });
}

Result<std::uint32_t> Peer::get_load(std::string const& host, std::uint16_t port) {
    if (port == 0 || host.empty() || !wire::valid_host(host)) {
        return Error{Errc::usage, "'" + wire::escape(host) + " " + std::to_string(port) +
                                      "' is no IP and PORT of a peer"};
    }
    auto* const node = impl_->node.get();
    return impl_->ask<std::uint32_t>([node, host, port](auto on_answer) {
        node->get_load({host, port}, on_answer);
    });
}

Result<std::vector<FoundSource>> Peer::find(std::string const& name, std::stop_token stop) {
    auto* const node = impl_->node.get();
    return impl_->ask<std::vector<FoundSource>>(
        [node, name](auto on_answer) { node->find(name, on_answer); }, stop);
}

Result<DownloadReport> Peer::download(DownloadRequest request) {
    auto const problem = request.out.empty() ? std::nullopt : wire::name_problem(request.out);
    if (problem) {
        return Error{Errc::usage, "'" + wire::escape(request.out) +
                                      "' cannot be the name of a download: it " + *problem};
    }
    auto* const node = impl_->node.get();
    jobs::DownloadJob::Order order{request.name,       request.out,     request.force,
                                   request.repair,     request.sources, request.wait,
                                   request.on_progress};
    return impl_->run_job<jobs::DownloadJob, DownloadReport>(
        [node, order](auto on_done) { return node->download(order, on_done); }, request.stop);
}

Result<PushResult> Peer::push(PushRequest request) {
    if (request.to == PushTo::number && request.peers == 0) {
        return Error{Errc::usage, "a push to no peer is none"};
    }
    auto* const node = impl_->node.get();
    jobs::PushJob::Order order{request.name, request.to, request.peers, request.patience,
                               request.on_progress};
    return impl_->run_job<jobs::PushJob, PushResult>(
        [node, order](auto on_done) { return node->push(order, on_done); }, request.stop);
}

Result<std::vector<KnownPeer>> Peer::peers() {
    auto* const node = impl_->node.get();
    return impl_->ask<std::vector<KnownPeer>>([node](auto on_answer) { node->peers(on_answer); });
}

std::vector<SharedFileInfo> Peer::files() {
    auto* const node = impl_->node.get();
    return impl_->call([node] { return node->files(); });
}

PeerStatus Peer::status() {
    auto* const node = impl_->node.get();
    return impl_->call([node] { return node->status(); });
}

PolicyInfo Peer::policy() {
    auto* const node = impl_->node.get();
    return impl_->call([node] { return node->policy(); });
}

PolicyInfo Peer::chunk_order() {
    auto* const node = impl_->node.get();
    return impl_->call([node] { return node->chunk_order(); });
}

Result<PolicyInfo> Peer::load_policy(std::string const& spec) {
    runtime::NoSizeSignal const for_its_copy;
    try {
        auto policy = policies::load_peer_selector(policies::parse_plugin_spec(spec), impl_->path,
                                                   impl_->host);
        auto* const node = impl_->node.get();
        return impl_->call([node, policy] {
            node->set_policy(policy);
            return node->policy();
        });
    } catch (policies::PluginRefused const& refused) {
        return Error{Errc::plugin, refused.what()};
    }
}

}  // namespace xfsbus::peer
