#include "index/share_index.hpp"

#include "index/ignores.hpp"
#include "index/indexer.hpp"
#include "index/mailbox.hpp"
#include "storage/tree.hpp"

#include <xfsbus/wire/limits.hpp>
#include <xfsbus/wire/name.hpp>

#include <chrono>
#include <stop_token>
#include <system_error>
#include <thread>
#include <utility>

#include <pthread.h>

namespace xfsbus::peer::index {

struct ShareIndex::Impl {
    Impl(Options&& options_in, Events&& events_in, std::shared_ptr<storage::Tree const> tree_in)
        : options(std::move(options_in)),
          events(std::move(events_in)),
          tree(std::move(tree_in)),
          thread([this](std::stop_token const& stop) {
              ::pthread_setname_np(::pthread_self(), "xfs-index");
              try {
                  Indexer indexer({options, events, *tree, mailbox, stop});
                  indexer.run();
              } catch (...) {
                  events.on_fault(std::current_exception());
              }
          }) {}

    Impl(Impl const&) = delete;
    Impl& operator=(Impl const&) = delete;

    ~Impl() {
        thread.request_stop();
        mailbox.wake();
    }

    Options options;
    Events events;
    std::shared_ptr<storage::Tree const> tree;
    Mailbox mailbox;
    std::jthread thread;  // last: it uses the others
};

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
    auto tree = storage::Tree::open(options.directory);
    if (!tree) {
        return tree.error();
    }
    // What the cache knows it by.
    std::error_code unknown;
    if (auto real = std::filesystem::canonical(options.directory, unknown); !unknown) {
        options.directory = std::move(real);
    }
    return std::make_unique<ShareIndex>(
        std::make_unique<Impl>(std::move(options), std::move(events), std::move(*tree)));
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
