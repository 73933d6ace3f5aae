#pragma once

#include "runtime/answers.hpp"
#include "runtime/callback.hpp"
#include "runtime/event_store.hpp"
#include "runtime/job_state.hpp"
#include "runtime/log_gate.hpp"
#include "runtime/node.hpp"
#include "runtime/open_file.hpp"
#include "runtime/peer_threads.hpp"
#include "runtime/policy_loader.hpp"

#include <xfsbus/bus/reactor.hpp>
#include <xfsbus/peer/options.hpp>

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>

namespace xfsbus::peer::runtime {

/// What runs a Node, on a reactor's thread, and the way to it for all others: questions that are
/// waited for, and jobs. Whoever is in a call holds it, so that it outlives the Peer for so long.
/// Any thread.
class Engine : public std::enable_shared_from_this<Engine> {
  public:
    /// As Peer::start. Whoever has it must end() it.
    static Result<std::shared_ptr<Engine>> start(PeerOptions options);

    Engine(std::shared_ptr<PeerThreads> threads, Node::Plugins const& plugins,
           std::shared_ptr<LogGate> gate, std::shared_ptr<OnLog const> log,
           std::function<void(Error const&)> on_failed);
    Engine(Engine const&) = delete;
    Engine& operator=(Engine const&) = delete;

    /// Ends all jobs, then answers all who wait. Within a callback it does so soon.
    void end();

    /// Why nobody may wait within a callback.
    static Error not_here() { return {Errc::usage, "a callback of a peer cannot wait for a peer"}; }

    /// Calls `work(node, reply)` on the reactor's thread, and waits until it has replied. Refused
    /// within a callback.
    template <typename T, typename Work>
    Result<T> ask(Wait const& wait, Work work) {
        if (Callback::runs_here()) {
            return not_here();
        }
        auto const answer = std::make_shared<Answer<T>>();
        answers_.expect(answer);
        post([reply = Reply<T>(answer), work = std::move(work)](Node& node) { work(node, reply); });
        return answer->wait(wait);
    }

    /// Calls it on the reactor's thread, if the node is still there then.
    void post(std::function<void(Node&)> work);

    /// Where a job tells what happens, besides that it is done.
    struct Telling {
        std::shared_ptr<EventStore> events;
        bool progress = false;
        bool files = false;
    };

    /// For all who have a handle of the job, and the queue.
    [[nodiscard]] Telling openly() const { return {events_, true, true}; }

    /// A job that is over once it is called off: nobody waits for its outcome then. `start(node,
    /// on_done)` begins it on the reactor's thread.
    template <typename T, typename Start>
    std::shared_ptr<JobState> begin(Telling const& to, Start start);

    /// What is called on the reactor's thread to cancel a job.
    using Cancel = std::function<void()>;

    /// One that is called off has an outcome all the same, and is done only then. `start(node, id,
    /// on_done)` returns what calls it off.
    template <typename T, typename Start>
    std::shared_ptr<JobState> begin_cancellable(Telling const& to, Start start);

    /// Where this peer's program is told. Any thread may call it.
    [[nodiscard]] OnLog const& log() const { return *log_; }

    /// Loads a plug-in, and puts it in force.
    std::shared_ptr<JobState> load_policy(std::string const& spec, Telling const& to);

    /// As Peer::open.
    Result<std::shared_ptr<OpenFile>> open_file(std::string const& name, OpenOptions const& options,
                                                Wait const& wait);

    Result<std::shared_ptr<EventStore>> open_events(EventStore::Keep keep);

  private:
    /// As start(). What is logged goes by way of the gate.
    static Result<std::shared_ptr<Engine>> make(PeerOptions options,
                                                std::shared_ptr<LogGate> const& gate);
    template <typename T>
    std::shared_ptr<JobState> make_job(Telling const& to);
    template <typename T>
    std::shared_ptr<JobState> make_idle_job(Telling const& to);
    void run();
    void finish(std::exception_ptr const& fault);
    void fail(Error const& why);

    std::shared_ptr<LogGate> gate_;  ///< is closed when all is over
    std::shared_ptr<OnLog const> log_;
    std::function<void(Error const&)> on_failed_;
    Answers answers_;
    std::shared_ptr<EventStore> events_ = std::make_shared<EventStore>(most_events);
    std::atomic<std::uint64_t> last_job_ = 0;
    std::atomic<std::uint64_t> last_reader_ = 0;
    std::shared_ptr<PeerThreads> threads_;
    bus::Reactor reactor_;
    std::unique_ptr<Node> node_;  ///< reactor thread, while that runs it
    std::shared_ptr<std::promise<void>> ended_ = std::make_shared<std::promise<void>>();
    PolicyLoader loader_;  ///< last: it uses the others
};

template <typename T>
std::shared_ptr<JobState> Engine::make_job(Telling const& to) {
    auto state = std::make_shared<JobState>(JobId{++last_job_}, Result<T>(Error{}), to.events);
    answers_.expect(state);
    return state;
}

/// One that cannot be called off: its outcome is not waited for.
template <typename T>
std::shared_ptr<JobState> Engine::make_idle_job(Telling const& to) {
    auto state = make_job<T>(to);
    state->when_cancelled([weak = std::weak_ptr(state)] {
        if (auto const job = weak.lock()) {
            job->fail({Errc::interrupted, "interrupted"});
        }
    });
    return state;
}

template <typename T, typename Start>
std::shared_ptr<JobState> Engine::begin(Telling const& to, Start start) {
    auto state = make_idle_job<T>(to);
    post([state, start = std::move(start)](Node& node) {
        start(node, [state](Result<T> result) { state->set(std::move(result)); });
    });
    return state;
}

template <typename T, typename Start>
std::shared_ptr<JobState> Engine::begin_cancellable(Telling const& to, Start start) {
    auto state = make_job<T>(to);
    auto const cancel = std::make_shared<Cancel>();
    state->when_cancelled([weak = weak_from_this(), cancel] {
        if (auto const engine = weak.lock()) {
            engine->post([cancel](Node&) { *cancel ? (*cancel)() : void(); });
        }
    });
    post([state, cancel, start = std::move(start)](Node& node) {
        *cancel =
            start(node, state->id(), [state](Result<T> result) { state->set(std::move(result)); });
    });
    return state;
}

}  // namespace xfsbus::peer::runtime
