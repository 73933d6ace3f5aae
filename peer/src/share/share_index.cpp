#include "share/share_index.hpp"

#include "share/indexer.hpp"
#include "share/mailbox.hpp"
#include "share/sight.hpp"

#include <xfsbus/files/system.hpp>
#include <xfsbus/wire/limits.hpp>
#include <xfsbus/wire/name.hpp>

#include <cerrno>
#include <chrono>
#include <stop_token>
#include <system_error>
#include <thread>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>

namespace xfsbus::peer {

struct ShareIndex::Impl {
    Impl(Options&& options_in, Events&& events_in, files::Fd&& root_in)
        : options(std::move(options_in)),
          events(std::move(events_in)),
          root(std::move(root_in)),
          thread([this](std::stop_token const& stop) {
              ::pthread_setname_np(::pthread_self(), "xfs-index");
              try {
                  Indexer indexer({options, events, root.get(), mailbox, stop});
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
    files::Fd root;
    Mailbox mailbox;
    std::jthread thread;  // last: it uses the others
};

Result<std::unique_ptr<ShareIndex>> ShareIndex::start(Options options, Events events) {
    if (options.algorithm->digest_size() < wire::limits::digest_bytes_min) {
        return Error{Errc::plugin, "integrity plug-in '" + options.algorithm->name() +
                                       "': its digests are shorter than 32 bytes, which is too "
                                       "short for content ids; choose another one"};
    }
    std::error_code error;
    auto const directory = std::filesystem::canonical(options.directory, error);
    files::Fd root;
    if (!error) {
        root = files::Fd(files::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        error = root ? error : std::error_code(errno, std::generic_category());
    }
    if (error) {
        return Error{Errc::disk, "shared directory '" + wire::escape(options.directory.string()) +
                                     "' cannot be read: " + error.message()};
    }
    options.directory = directory;
    return std::make_unique<ShareIndex>(
        std::make_unique<Impl>(std::move(options), std::move(events), std::move(root)));
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

void ShareIndex::add(IndexedFile file) {
    impl_->mailbox.post([file = std::move(file), now = std::chrono::system_clock::now()](
                            Indexer& indexer) mutable { indexer.add(std::move(file), now); });
}

}  // namespace xfsbus::peer
