#include "visit.hpp"

#include "answer.hpp"

#include <xfsbus/wire/name.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <ctime>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace xfsbus::door {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t buffer_bytes = 256 * 1024;
/// How often a wait for bytes looks whether anybody still wants them.
constexpr auto look_every = std::chrono::milliseconds(200);

/// One version may be meant; what else matches as a pattern is another file.
bool is_meant(peer::Reader const& reader, std::string const& name) {
    return reader.name() == name ||
           (name.starts_with(reader.name() + "@") &&
            reader.content().starts_with(name.substr(reader.name().size() + 1)));
}

Result<peer::Reader> open(peer::Peer& peer, std::string const& name, Limits const& limits,
                          std::stop_token const& stop) {
    auto reader = peer.open(name, {}, {limits.open, stop});
    if (reader && !is_meant(*reader, name)) {
        return Error{Errc::not_found, "nobody who is up has '" + wire::escape(name) + "'"};
    }
    return reader;
}

/// Reads as soon as there is something, and gives up when the client does.
Result<std::size_t> read(peer::Reader const& reader, std::uint64_t offset,
                         std::span<std::byte> buffer, Client const& client,
                         std::stop_token const& stop) {
    while (true) {
        auto bytes = reader.read(offset, buffer, {look_every, stop});
        bool const waits = !bytes && bytes.error().code == Errc::timeout && !stop.stop_requested();
        if (!waits) {
            return bytes;
        }
        if (client.is_gone()) {
            return Error{Errc::interrupted, "the client is gone"};
        }
    }
}

Visit refuse(Client& client, Request const& request, Error const& error) {
    auto const refusal = refusal_of(error);
    client.send(answer_in_words(refusal, request.head, std::time(nullptr)));
    client.finish();
    return {refusal.status, 0, error.message};
}

/// Sends one part of the file after its head, which is sent once there is something to follow it.
class Sending {
  public:
    Sending(peer::Reader const& reader, Client& client, KeptReaders& kept,
            std::stop_token const& stop)
        : reader_(reader), client_(client), kept_(kept), stop_(stop) {}

    Visit send(Request const& request, Answer const& answer) {
        auto first =
            answer.body.begin < answer.body.end ? read_some(answer.body) : Result<std::size_t>(0);
        if (!first) {
            return refuse(client_, request, first.error());
        }
        visit_.status = answer.status;
        auto trouble = client_.send(answer.head) ? send_body(answer.body, *first) : gone();
        trouble ? client_.cut() : client_.finish();
        visit_.trouble = trouble.value_or("");
        return visit_;
    }

  private:
    Result<std::size_t> read_some(Part const& part) {
        auto const most = std::min<std::uint64_t>(buffer_.size(), part.end - part.begin);
        auto bytes = read(reader_, part.begin, std::span(buffer_).first(most), client_, stop_);
        kept_.keep(Clock::now(), reader_);
        return bytes;
    }

    /// Why it is not all of it.
    std::optional<std::string> send_body(Part rest, std::size_t in_hand) {
        while (rest.begin < rest.end) {
            if (!client_.send(std::span(buffer_).first(in_hand))) {
                return gone();
            }
            visit_.bytes += in_hand;
            rest.begin += in_hand;
            auto const next = rest.begin < rest.end ? read_some(rest) : Result<std::size_t>(0);
            if (!next) {
                return next.error().message;
            }
            in_hand = *next;
        }
        return std::nullopt;
    }

    static std::optional<std::string> gone() { return "the client is gone, or reads too slowly"; }

    peer::Reader const& reader_;
    Client& client_;
    KeptReaders& kept_;
    std::stop_token const& stop_;
    std::vector<std::byte> buffer_ = std::vector<std::byte>(buffer_bytes);
    Visit visit_;
};

}  // namespace

Visit answer(peer::Peer& peer, Request const& request, Client& client, KeptReaders& kept,
             Limits const& limits, std::stop_token const& stop) {
    auto const reader = open(peer, request.name, limits, stop);
    if (!reader) {
        return refuse(client, request, reader.error());
    }
    kept.keep(Clock::now(), *reader);
    auto const answer = answer_for(request, reader->content(), reader->size(), std::time(nullptr));
    return Sending(*reader, client, kept, stop).send(request, answer);
}

}  // namespace xfsbus::door
