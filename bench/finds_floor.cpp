/// What a find costs a tracker at the least, as long as libzmq carries it: a ROUTER that answers
/// whatever comes with the same Found, and does nothing else. It looks at no connection, parses
/// nothing and knows no name; what many ask goes through the same two threads as in a tracker.
/// Prints where it listens, as a tracker does, and runs until it is ended.
#include <xfsbus/wire/codec.hpp>
#include <xfsbus/wire/messages.hpp>

#include <zmq.hpp>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>

namespace {

using namespace xfsbus;

/// As the tracker of the benchmark `finds` answers.
wire::Frames usual_answer() {
    wire::FoundFile file;
    file.name = "dir42/file-12345";
    file.size = 4096;
    file.source_count = 1;
    file.sources.emplace_back().listens = {"127.0.0.2", 40'000};
    wire::Found found;
    found.files.push_back(std::move(file));
    return wire::encode(found, 0);
}

zmq::message_t to_frame(std::string const& text) {
    return {text.data(), text.size()};
}

/// A header ends in the number of the question.
zmq::message_t header_for(zmq::message_t const& question, std::string header) {
    constexpr std::size_t number_bytes = 8;
    auto const* const end = static_cast<char const*>(question.data()) + question.size();
    if (question.size() == header.size()) {
        std::copy(end - number_bytes, end, header.end() - number_bytes);
    }
    return to_frame(header);
}

[[noreturn]] void answer_all(zmq::socket_t& router) {
    auto const answer = usual_answer();
    while (true) {
        zmq::message_t route;
        zmq::message_t header;
        zmq::message_t body;
        static_cast<void>(router.recv(route));
        static_cast<void>(router.recv(header));
        static_cast<void>(router.recv(body));
        router.send(route, zmq::send_flags::sndmore);
        router.send(header_for(header, answer.header), zmq::send_flags::sndmore);
        router.send(to_frame(answer.body), zmq::send_flags::none);
    }
}

}  // namespace

int main() {
    try {
        zmq::context_t context;
        zmq::socket_t router(context, zmq::socket_type::router);
        router.set(zmq::sockopt::sndhwm, 0);
        router.bind("tcp://127.0.0.1:0");
        std::printf("ready on %s\n", router.get(zmq::sockopt::last_endpoint).c_str());
        std::fflush(stdout);
        answer_all(router);
    } catch (std::exception const& error) {
        std::fprintf(stderr, "xfs-bench-finds-floor: %s\n", error.what());
        return 1;
    }
}
