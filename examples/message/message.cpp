// Sends the tracker one message, and prints what it answers: who has a file. This is the lowest
// level, on which peers themselves stand; bus/PROTOCOL.md says what there is to send.
//
//     message TRACKER NAME        message 192.168.1.2:7470 model.bin
#include <xfsbus/bus/control.hpp>
#include <xfsbus/bus/reactor.hpp>
#include <xfsbus/wire/tracker_messages.hpp>

#include <iostream>

namespace {

using namespace xfsbus;

int complain(std::string const& why) {
    std::cerr << "message: " << why << "\n";
    return 1;
}

/// Whether the answer is one, and names somebody.
bool print(wire::Message const& answer) {
    auto const* const found = std::get_if<wire::Found>(&answer);
    if (found == nullptr) {
        auto const* const failure = std::get_if<wire::Failure>(&answer);
        complain(failure != nullptr ? failure->reason : "this is no answer to a Find");
        return false;
    }
    for (auto const& file : found->files) {
        for (auto const& source : file.sources) {
            std::cout << file.name << " " << file.size << " " << source.listens.to_string() << "\n";
        }
    }
    return !found->files.empty();
}

}  // namespace

int main(int argc, char** argv) {
    auto const tracker = argc == 3 ? wire::parse_endpoint(argv[1]) : std::nullopt;
    if (!tracker) {
        return complain("usage: message TRACKER NAME, with an address HOST:PORT");
    }
    bus::Reactor reactor;
    bool good = false;
    auto const stop_with = [&](bool outcome) {
        good = outcome;
        reactor.stop();
    };
    auto const client = bus::ControlClient::connect(
        reactor, *tracker, bus::Security::none(),
        {.on_message = [&](wire::Envelope&& answer) { stop_with(print(answer.message)); },
         .on_garbage = [&](std::string const& why) { stop_with(complain(why) == 0); }});
    if (!client) {
        return complain(client.error().message);
    }
    (*client)->send(wire::Find{wire::FindBy::name, argv[2], ""}, 1);
    reactor.at(reactor.now() + std::chrono::seconds(10), [&] {
        complain("there is no answer");
        reactor.stop();
    });
    reactor.run();
    return good ? 0 : 1;
}
