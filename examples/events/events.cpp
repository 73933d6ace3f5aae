// Fetches several names from the bus at once, in a program with an event loop of its own: one
// thread, one epoll, which waits for signals and for what the peer has to tell.
//
//     events TRACKER DIRECTORY NAME...    events tcp://192.168.1.2:7470 /tmp model.bin 'data/**'
#include <xfsbus/peer/peer.hpp>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <iostream>
#include <map>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace {

using namespace xfsbus;

int complain(Error const& error) {
    std::cerr << "events: " << error.message << "\n";
    return 1;
}

/// Signals come as something to read. The peer's threads leave them to us.
int signals() {
    sigset_t ours;
    sigemptyset(&ours);
    sigaddset(&ours, SIGINT);
    sigaddset(&ours, SIGTERM);
    sigprocmask(SIG_BLOCK, &ours, nullptr);
    return signalfd(-1, &ours, SFD_CLOEXEC);
}

/// The downloads, and what is told of them.
class Downloads {
  public:
    Downloads(peer::Peer& peer, std::span<char* const> names) {
        for (std::string const name : names) {
            peer::DownloadRequest request;
            request.name = name;
            auto job = peer.start_download(request);
            jobs_.emplace(job.id(), std::pair(name, job));
        }
    }

    [[nodiscard]] bool done() const { return jobs_.empty(); }

    [[nodiscard]] bool good() const { return good_; }

    void cancel() {
        for (auto const& [id, job] : jobs_) {
            job.second.cancel();
        }
    }

    void operator()(peer::DownloadProgressed const& event) const {
        for (auto const& file : event.progress.running) {
            std::cerr << file.name << ": " << file.bytes_done << " of " << file.bytes_total
                      << " bytes, in " << file.ranges.size() << " parts\n";
        }
    }

    void operator()(peer::FileDone const& event) {
        if (event.file.error) {
            std::cerr << event.file.name << ": " << event.file.error->message << "\n";
        } else {
            std::cout << event.file.path.string() << "\n";
        }
    }

    void operator()(peer::JobDone const& event) {
        auto const job = jobs_.extract(event.job);
        auto const& [name, handle] = job.mapped();
        auto const& report = *handle.result();
        if (!report) {
            std::cerr << name << ": " << report.error().message << "\n";
        }
        good_ = good_ && report && all_there(*report);
    }

    void operator()(peer::TrackerUp const&) const { std::cerr << "the tracker is there\n"; }

    void operator()(peer::TrackerLost const& event) const {
        std::cerr << "the tracker is gone: " << event.why.message << "\n";
    }

    /// What else there is does not matter here.
    template <typename Other>
    void operator()(Other const&) const {}

  private:
    static bool all_there(peer::DownloadReport const& report) {
        for (auto const& file : report.files) {
            if (file.error) {
                return false;
            }
        }
        return true;
    }

    std::map<peer::JobId, std::pair<std::string, peer::DownloadJob>> jobs_;
    bool good_ = true;
};

int watch(int epoll, int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

int run(peer::Peer& self, std::span<char* const> names, int signal_fd) {
    auto const events = self.events();
    if (!events) {
        return complain(events.error());
    }
    int const epoll = epoll_create1(EPOLL_CLOEXEC);
    if (signal_fd < 0 || epoll < 0 || watch(epoll, signal_fd) != 0 ||
        watch(epoll, events->descriptor()) != 0) {
        return complain({Errc::failed, std::generic_category().message(errno)});
    }
    if (auto const known = self.wait_for_tracker(std::chrono::seconds(10)); !known) {
        return complain(known.error());
    }
    Downloads downloads(self, names);
    while (!downloads.done()) {
        epoll_event ready{};
        if (epoll_wait(epoll, &ready, 1, -1) != 1) {
            continue;
        }
        if (ready.data.fd == signal_fd) {
            signalfd_siginfo signal{};
            static_cast<void>(read(signal_fd, &signal, sizeof signal));
            downloads.cancel();
            continue;
        }
        while (auto const event = events->next()) {
            std::visit(downloads, *event);
        }
    }
    close(epoll);
    return downloads.good() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 4) {
        return complain({Errc::usage, "usage: events TRACKER DIRECTORY NAME..."});
    }
    int const signal_fd = signals();
    peer::PeerOptions options;
    options.tracker = argv[1];
    options.download_directory = argv[2];
    auto started = peer::Peer::start(std::move(options));
    if (!started) {
        return complain(started.error());
    }
    std::span<char* const> const names(argv + 3, static_cast<std::size_t>(argc - 3));
    return run(**started, names, signal_fd);
}
