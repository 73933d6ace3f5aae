#include "runtime/engine.hpp"

#include "runtime/chosen_policies.hpp"
#include "telemetry/log_events.hpp"

#include <xfsbus/bus/held_signals.hpp>
#include <xfsbus/trace/trace_file.hpp>
#include <xfsbus/wire/name.hpp>

#include <cerrno>
#include <chrono>
#include <fstream>
#include <sstream>
#include <system_error>

namespace xfsbus::peer::runtime {
namespace {

Error too_few_descriptors(std::size_t spare) {
    auto const spared = spare > 0 ? ", " + std::to_string(spare) + " are for other things" : "";
    return {Errc::failed, "a peer needs " + std::to_string(swarm::descriptors_least) +
                              " file descriptors, and " + std::to_string(bus::open_descriptors()) +
                              " of this process's " + std::to_string(bus::descriptor_limit()) +
                              " are open already" + spared + "; raise the limit (ulimit -n)"};
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

/// What the parts of a peer log by; null if nobody listens.
OnLog by_way_of(std::shared_ptr<LogGate> const& gate, bool wanted) {
    return wanted ? OnLog([gate](LogEvent const& event) { gate->tell(event); }) : OnLog();
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

/// Where decisions are written down, if they are to be.
Result<Policies::Trace> open_trace(PeerOptions const& options) {
    if (options.trace_file.empty()) {
        return Policies::Trace();
    }
    auto file = telemetry::TraceFile::create(
        options.trace_file,
        [log = options.log, name = options.trace_file.string()](std::string const& why) {
            if (log) {
                log(trace::trace_ended(name, why));
            }
        });
    if (!file) {
        return file.error();
    }
    return std::make_shared<telemetry::DecisionTrace>(std::move(*file), [] {
        auto const now = std::chrono::steady_clock::now().time_since_epoch();
        return static_cast<std::uint64_t>(
            std::chrono::duration_cast<std::chrono::microseconds>(now).count());
    });
}

}  // namespace

Engine::Engine(std::shared_ptr<PeerThreads> threads, Node::Plugins const& plugins,
               std::shared_ptr<LogGate> gate, std::shared_ptr<OnLog const> log,
               std::function<void(Error const&)> on_failed)
    : gate_(std::move(gate)),
      log_(std::move(log)),
      on_failed_(std::move(on_failed)),
      threads_(std::move(threads)),
      reactor_(threads_->reactor),
      loader_(plugins.path, plugins.host, threads_, net::fault_teller(reactor_)) {}

Result<std::shared_ptr<Engine>> Engine::start(PeerOptions options) {
    auto const gate = std::make_shared<LogGate>(options.log, options.log_level);
    options.log = by_way_of(gate, static_cast<bool>(options.log));
    auto engine = make(std::move(options), gate);
    if (!engine) {
        gate->close();
    }
    return engine;
}

Result<std::shared_ptr<Engine>> Engine::make(PeerOptions options,
                                             std::shared_ptr<LogGate> const& gate) {
    bus::HeldSignals const for_all_threads;
    auto threads = options.commons ? options.commons->threads_ : nullptr;
    auto const spare = options.spare_descriptors;
    auto const open = bus::open_descriptors() + spare;
    auto const limit = bus::descriptor_limit();
    auto const descriptors =
        swarm::share_descriptors(threads ? threads->descriptor_limit(limit, open) : limit, open);
    if (!descriptors) {
        return too_few_descriptors(spare);
    }
    auto const log = std::make_shared<OnLog const>(options.log);
    auto plugins = choose_policies(options, make_host(options, log));
    if (!plugins) {
        return plugins.error();
    }
    options.own_policies = {};  // let go of by the policies that they were made into, and no later
    auto latencies = read_latencies(options.latency_file);
    if (!latencies) {
        return latencies.error();
    }
    bool const shares = !options.directory.empty();
    auto tree = storage::Tree::open(shares ? options.directory : options.download_directory);
    if (!tree) {
        return tree.error();
    }
    auto trace = open_trace(options);
    if (!trace) {
        return trace.error();
    }
    threads = threads ? std::move(threads) : PeerThreads::of_one();
    auto engine =
        std::make_shared<Engine>(std::move(threads), *plugins, gate, log, options.on_failed);
    engine->node_ =
        std::make_unique<Node>(engine->reactor_, *engine->events_, options, std::move(*plugins),
                               Node::Given{std::move(*latencies), std::move(*tree), *descriptors,
                                           std::move(*trace), *engine->threads_});
    if (auto started = engine->node_->start(); !started) {
        return started.error();
    }
    engine->run();
    return engine;
}

/// When the reactor runs the node no more, what there is to wait for is waited for elsewhere: other
/// peers may be waiting for its thread.
void Engine::run() {
    threads_->reactor.run(reactor_,
                          [engine = shared_from_this()](std::exception_ptr const& fault) mutable {
                              auto& threads = *engine->threads_;
                              threads.submit_end([engine = std::move(engine), fault]() mutable {
                                  engine->finish(fault);
                                  auto const ended = engine->ended_;
                                  auto const gate = engine->gate_;
                                  engine.reset();  // whoever waits has it
                                  gate->close();
                                  ended->set_value();
                              });
                          });
}

void Engine::finish(std::exception_ptr const& fault) {
    if (!fault) {
        node_.reset();
        return fail({Errc::ended, "the peer has ended"});
    }
    try {
        std::rethrow_exception(fault);
    } catch (std::exception const& error) {
        fail({Errc::failed, std::string("the peer cannot go on: ") + error.what()});
    } catch (...) {
        fail({Errc::failed, "the peer cannot go on: an unknown fault"});
    }
}

/// What escapes from the reactor's work is a fault of this program, or the end of the memory:
/// nothing goes on from there, and everybody is told.
void Engine::fail(Error const& why) {
    answers_.fail(why);
    events_->put(PeerEnded{why});
    if (why.code == Errc::ended) {
        return;
    }
    if (*log_) {
        (*log_)({LogLevel::error, "failed", why.message});
    }
    try {
        node_.reset();
    } catch (...) {
        static_cast<void>(node_.release());  // it is beyond repair, and so it stays
    }
    if (on_failed_) {
        call_back([&] { on_failed_(why); });
    }
}

void Engine::end() {
    post([](Node& node) { node.leave(); });
    reactor_.stop();
    if (!Callback::runs_here()) {
        ended_->get_future().wait();
    }
}

void Engine::post(std::function<void(Node&)> work) {
    reactor_.post([this, work = std::move(work)] {
        if (node_) {
            work(*node_);
        }
    });
}

/// However this ends, the number is closed when nobody has its ticket any more.
Result<std::shared_ptr<OpenFile>> Engine::open_file(std::string const& name,
                                                    OpenOptions const& options, Wait const& wait) {
    auto const number = ++last_reader_;
    auto close = [weak = weak_from_this(), number](void const*) {
        if (auto const engine = weak.lock()) {
            engine->post([number](Node& node) { node.readings().close(number); });
        }
    };
    OpenFile::Ticket ticket(static_cast<void const*>(nullptr), std::move(close));
    auto opened =
        ask<Readings::Opened>(wait, [number, name, options](Node& node, auto const& reply) {
            node.readings().open(number, name, options, reply.who(), reply);
        });
    if (!opened) {
        return opened.error();
    }
    return std::make_shared<OpenFile>(weak_from_this(), std::move(*opened), number,
                                      std::move(ticket));
}

Result<std::shared_ptr<EventStore>> Engine::open_events(EventStore::Keep keep) {
    if (auto const opened = events_->open_with_descriptor(keep); !opened) {
        return opened.error();
    }
    post([](Node& node) {
        node.tracker().tell_how_it_is();
        node.share().tell_how_it_is();
    });
    return events_;
}

/// The plug-in is loaded by a thread that nobody waits for, and put in force by the reactor's.
std::shared_ptr<JobState> Engine::load_policy(std::string const& spec, Telling const& to) {
    auto state = make_idle_job<PolicyInfo>(to);
    auto on_loaded = [this, state](Result<policies::PeerPolicyFactory> const& loaded) {
        if (!loaded) {
            return state->set(Result<PolicyInfo>(loaded.error()));
        }
        post([state, policy = *loaded](Node& node) {
            if (!state->done()) {
                node.set_policy(policy, [state](PolicyInfo info) { state->set(Result(info)); });
            }
        });
    };
    loader_.load({.spec = spec,
                  .is_wanted = [state] { return !state->done(); },
                  .on_loaded = std::move(on_loaded)});
    return state;
}

}  // namespace xfsbus::peer::runtime
