// Gets the weights of a model and maps them into memory, in a program that has an event loop: one
// epoll waits for signals and for what the peer has to tell, and Ctrl-C cancels the download.
//
//     loader TRACKER NAME DIRECTORY        loader tcp://192.168.1.2:7470 model.bin
//     /var/cache/models
#include <xfsbus/peer/peer.hpp>

#include <csignal>
#include <iostream>
#include <numeric>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/signalfd.h>

namespace {

using namespace xfsbus;

int complain(std::string const& why) {
    std::cerr << "loader: " << why << "\n";
    return 1;
}

/// Until the job is done. The signals that are read there cancel it.
void follow(peer::DownloadJob const& job, peer::EventQueue const& events, int signals) {
    int const epoll = epoll_create1(EPOLL_CLOEXEC);
    for (int const fd : {signals, events.descriptor()}) {
        epoll_event wanted{.events = EPOLLIN, .data = {.fd = fd}};
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &wanted);
    }
    for (epoll_event ready{}; !job.done(); epoll_wait(epoll, &ready, 1, -1)) {
        if (ready.data.fd == signals) {
            job.cancel();
        }
        while (auto const event = events.next()) {
            if (auto const* const at = std::get_if<peer::DownloadProgressed>(&*event)) {
                std::cerr << at->progress.bytes_done << " of " << at->progress.bytes_total << "\n";
            }
        }
    }
}

int use(std::filesystem::path const& path, std::size_t size) {
    int const file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    void* const mapped = mmap(nullptr, size, PROT_READ, MAP_SHARED, file, 0);
    if (mapped == MAP_FAILED) {
        return complain("cannot map " + path.string());
    }
    std::span const weights(static_cast<std::uint8_t const*>(mapped), size);
    std::cout << path.string() << ": the sum of " << size << " weights is "
              << std::accumulate(weights.begin(), weights.end(), std::uint64_t{0}) << "\n";
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    sigset_t ours;
    sigemptyset(&ours);
    sigaddset(&ours, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ours, nullptr);
    auto started = argc == 4
                       ? peer::Peer::start({.tracker = argv[1], .download_directory = argv[3]})
                       : Error{Errc::usage, "usage: loader TRACKER NAME DIRECTORY"};
    auto const events = started ? (*started)->lasting_events() : started.error();
    if (!events) {
        return complain(events.error().message);
    }
    auto const job =
        (*started)->start_download({.name = argv[2], .wait = std::chrono::seconds(10)});
    follow(job, *events, signalfd(-1, &ours, SFD_CLOEXEC));
    auto const& report = *job.result();
    if (!report || report->files.front().error) {
        return complain(report ? report->files.front().error->message : report.error().message);
    }
    return use(report->files.front().path, report->files.front().size);
}
