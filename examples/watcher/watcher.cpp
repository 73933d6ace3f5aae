// Keeps a directory as new as the bus: fetches every version of what matches, as soon as somebody
// has it, unless it is here already. Ends with Ctrl-C.
//
//     watcher TRACKER PATTERN DIRECTORY        watcher tcp://192.168.1.2:7470 'models/*'
//     /srv/models
#include <xfsbus/peer/peer.hpp>

#include <csignal>
#include <iostream>

#include <poll.h>
#include <sys/signalfd.h>

namespace {

using namespace xfsbus;

int complain(std::string const& why) {
    std::cerr << "watcher: " << why << "\n";
    return 1;
}

/// What is done about an event.
class Watcher {
  public:
    explicit Watcher(peer::Peer& peer) : peer_(peer) {}

    void operator()(peer::ListingChanged const& event) {
        if (event.what == peer::ListingChange::gone) {
            std::cout << "gone " << event.file.name << std::endl;
        } else if (event.what != peer::ListingChange::holders) {
            peer_.start_download({.name = event.file.name + "@" + event.file.content,
                                  .out = event.file.name,
                                  .force = true,
                                  .wait = std::chrono::seconds(10)});
        }
    }

    void operator()(peer::FileDone const& event) {
        std::cout << (event.file.error ? event.file.error->message : "here " + event.file.name)
                  << std::endl;
    }

    template <typename Other>
    void operator()(Other const&) const {}

  private:
    peer::Peer& peer_;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        return complain("usage: watcher TRACKER PATTERN DIRECTORY");
    }
    sigset_t ours;
    sigemptyset(&ours);
    sigaddset(&ours, SIGINT);
    sigaddset(&ours, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ours, nullptr);
    auto started = peer::Peer::start({.tracker = argv[1], .directory = argv[3]});
    auto const events = started ? (*started)->events() : started.error();
    if (!events) {
        return complain(events.error().message);
    }
    Watcher watcher(**started);
    auto const subscription = (*started)->start_subscribe(argv[2]);
    pollfd waited[] = {{signalfd(-1, &ours, SFD_CLOEXEC), POLLIN, 0},
                       {events->descriptor(), POLLIN, 0}};
    while (waited[0].revents == 0 && !subscription.done()) {
        poll(waited, 2, -1);
        while (auto const event = events->next()) {
            std::visit(watcher, *event);
        }
    }
    auto const* const trouble = subscription.result();
    return trouble == nullptr || *trouble ? 0 : complain(trouble->error().message);
}
