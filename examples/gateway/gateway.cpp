// Hands files of the bus to programs that know nothing of it: whoever connects and sends a line
// with a name is sent the bytes of that file, while it comes from the bus. Ends with Ctrl-C.
//
//     gateway TRACKER DIRECTORY        gateway tcp://192.168.1.2:7470 /var/cache/gateway
#include <xfsbus/peer/peer.hpp>

#include <iostream>
#include <semaphore>
#include <thread>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using namespace xfsbus;

int complain(std::string const& why) {
    std::cerr << "gateway: " << why << "\n";
    return 1;
}

/// The line that the client sends, without its end.
std::string line_of(int client) {
    std::string line;
    for (char next = 0; line.size() < 4096 && recv(client, &next, 1, 0) == 1 && next != '\n';) {
        line += next;
    }
    return line;
}

bool send_all(int client, std::span<std::byte const> bytes) {
    while (!bytes.empty()) {
        auto const sent = send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        bytes = bytes.subspan(static_cast<std::size_t>(sent));
    }
    return true;
}

void serve(peer::Peer& self, int client) {
    timeval const patience{.tv_sec = 60, .tv_usec = 0};
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    auto const file = self.open(line_of(client), {}, std::chrono::seconds(10));
    std::vector<std::byte> some(1 << 20);
    for (std::uint64_t at = 0; file && at < file->size();) {
        auto const bytes = file->read(at, some, std::chrono::seconds(60));
        at = bytes && send_all(client, std::span(some).first(*bytes)) ? at + *bytes : file->size();
    }
    close(client);
}

}  // namespace

int main(int argc, char** argv) {
    auto started = argc == 3 ? peer::Peer::start({.tracker = argv[1], .directory = argv[2]})
                             : Error{Errc::usage, "usage: gateway TRACKER DIRECTORY"};
    int const door = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    if (!started || bind(door, reinterpret_cast<sockaddr*>(&at), size) != 0 ||
        listen(door, 16) != 0) {
        return complain(started ? "cannot listen" : started.error().message);
    }
    getsockname(door, reinterpret_cast<sockaddr*>(&at), &size);
    std::cout << "gateway: ready on 127.0.0.1:" << ntohs(at.sin_port) << std::endl;
    std::counting_semaphore<16> free(16);  // clients that are served at once
    for (int client = 0; free.acquire(), (client = accept(door, nullptr, nullptr)) >= 0;) {
        std::jthread([&, client] { serve(**started, client), free.release(); }).detach();
    }
    return complain("cannot accept");
}
