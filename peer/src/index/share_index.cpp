#include "index/share_index.hpp"

#include "index/ignores.hpp"
#include "index/indexer.hpp"
#include "index/mailbox.hpp"
#include "storage/tree.hpp"
#include "threads/worker_pool.hpp"

#include <xfsbus/wire/limits.hpp>
#include <xfsbus/wire/name.hpp>

#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <stop_token>
#include <system_error>
#include <utility>

namespace xfsbus::peer::index {

/// The turns of an Indexer: one after the other, each when what it waits for is there.
struct ShareIndex::Impl {
    Impl(Options&& options_in, Events&& events_in, std::shared_ptr<storage::Tree const> tree_in);
    ~Impl();
    Impl(Impl const&) = delete;
    Impl& operator=(Impl const&) = delete;

    void hurry();
    void on_due();
    void begin_waiting(Indexer::Wait wait);
    void work();
    void make_turn();

    Options options;
    Events events;
    std::shared_ptr<storage::Tree const> tree;
    std::unique_ptr<threads::Lookout> own_lookout;
    threads::Lookout& lookout;
    std::optional<SharedWatch> own_watch;
    SharedWatch& watch;
    std::stop_source stop;
    Mailbox mailbox;

    std::mutex mutex;
    std::condition_variable rested;
    // Guarded by mutex, as all that follows but for what is of whoever works.
    enum class State : std::uint8_t { waits, works, rests } state = State::rests;
    threads::Lookout::Ticket ticket{};  ///< while it waits
    bool whole_wait = false;
    bool hurried = false;  ///< a letter has come while it worked
    bool ending = false;
    bool failed = false;                       ///< of whoever works
    std::optional<Indexer> indexer;            ///< the same
    std::optional<threads::WorkerPool> turns;  ///< none: the lookout's thread makes them
};

ShareIndex::Impl::Impl(Options&& options_in, Events&& events_in,
                       std::shared_ptr<storage::Tree const> tree_in)
    : options(std::move(options_in)),
      events(std::move(events_in)),
      tree(std::move(tree_in)),
      own_lookout(options.threads.lookout == nullptr
                      ? std::make_unique<threads::Lookout>("xfs-index")
                      : nullptr),
      lookout(own_lookout ? *own_lookout : *options.threads.lookout),
      watch(options.threads.watch == nullptr ? own_watch.emplace(lookout) : *options.threads.watch),
      mailbox([this] { hurry(); }) {
    if (options.threads.turns != nullptr) {
        turns.emplace(*options.threads.turns, 1, events.on_fault);
    }
    std::lock_guard const lock(mutex);
    begin_waiting({{{}, threads::Lookout::Time::min()}, true});
}

ShareIndex::Impl::~Impl() {
    stop.request_stop();
    {
        std::unique_lock lock(mutex);
        ending = true;
        if (state == State::waits && lookout.cancel(ticket)) {
            state = State::rests;
        }
        rested.wait(lock,
                    [this] { return state == State::rests || (turns && state == State::works); });
    }
    turns.reset();  // a turn that waits for a thread is not made any more
    try {
        if (indexer && !failed) {
            indexer->end();
        }
        indexer.reset();
    } catch (...) {
        events.on_fault(std::current_exception());
    }
}

/// A letter has come, or what it watches has changed. Any thread.
void ShareIndex::Impl::hurry() {
    std::lock_guard const lock(mutex);
    hurried = true;
    if (state == State::waits && !whole_wait) {
        lookout.hasten(ticket);
    }
}

/// The mutex is held.
void ShareIndex::Impl::begin_waiting(Indexer::Wait wait) {
    whole_wait = wait.whole;
    if (hurried && !whole_wait) {
        wait.what.until = threads::Lookout::Time::min();
    }
    ticket = lookout.wait(std::move(wait.what), [this](auto const&) { on_due(); });
    state = State::waits;
}

/// The lookout's thread.
void ShareIndex::Impl::on_due() {
    {
        std::lock_guard const lock(mutex);
        state = ending ? State::rests : State::works;
        if (ending) {
            return rested.notify_all();
        }
        if (turns) {
            return turns->submit([this] { work(); });
        }
    }
    work();
}

void ShareIndex::Impl::work() {
    try {
        make_turn();
        std::lock_guard const lock(mutex);
        if (!ending) {
            return begin_waiting(indexer->next_wait());
        }
    } catch (...) {
        failed = true;
        events.on_fault(std::current_exception());
    }
    std::lock_guard const lock(mutex);
    state = State::rests;
    rested.notify_all();
}

void ShareIndex::Impl::make_turn() {
    {
        std::lock_guard const lock(mutex);
        hurried = false;
    }
    if (!indexer) {
        indexer.emplace(Indexer::Parts{options, events, *tree, mailbox, watch, [this] { hurry(); },
                                       stop.get_token()});
        indexer->begin();
    }
    indexer->turn();
}

Result<std::unique_ptr<ShareIndex>> ShareIndex::start(Options options, Events events) {
    if (options.algorithm->digest_size() < wire::limits::digest_bytes_min) {
        return Error{Errc::plugin, "integrity plug-in '" + options.algorithm->name() +
                                       "': its digests are shorter than 32 bytes, which is too "
                                       "short for content ids; choose another one"};
    }
    for (auto const& pattern : options.ignore) {
        if (auto const problem = Ignores::problem_of(pattern)) {
            return Error{Errc::usage, "the pattern '" + wire::escape(pattern) +
                                          "' of what is not shared " + *problem};
        }
    }
    auto tree = options.tree;
    if (!tree) {
        auto opened = storage::Tree::open(options.directory);
        if (!opened) {
            return opened.error();
        }
        tree = std::move(*opened);
    }
    // What the cache knows it by.
    std::error_code unknown;
    if (auto real = std::filesystem::canonical(options.directory, unknown); !unknown) {
        options.directory = std::move(real);
    }
    return std::make_unique<ShareIndex>(
        std::make_unique<Impl>(std::move(options), std::move(events), std::move(tree)));
}

ShareIndex::ShareIndex(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

ShareIndex::~ShareIndex() = default;

void ShareIndex::rescan(std::function<void(ScanSummary const&)> done) {
    impl_->mailbox.post(
        [done = std::move(done)](Indexer& indexer) mutable { indexer.rescan(std::move(done)); });
}

void ShareIndex::recheck(std::string name) {
    impl_->mailbox.post([name = std::move(name)](Indexer& indexer) { indexer.recheck(name); });
}

void ShareIndex::verify(std::string name) {
    impl_->mailbox.post([name = std::move(name)](Indexer& indexer) { indexer.verify(name); });
}

void ShareIndex::add(swarm::IndexedFile file) {
    impl_->mailbox.post([file = std::move(file), now = std::chrono::system_clock::now()](
                            Indexer& indexer) mutable { indexer.add(std::move(file), now); });
}

}  // namespace xfsbus::peer::index
