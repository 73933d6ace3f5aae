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

/// Asks for bytes until there are some, and gives up when the client does.
template <typename Ask>
auto while_wanted(Client const& client, std::stop_token const& stop, Ask const& ask)
    -> decltype(ask(peer::Wait{})) {
    while (true) {
        auto bytes = ask(peer::Wait{look_every, stop});
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
        auto bytes = while_wanted(client_, stop_, [&](peer::Wait const& wait) {
            return reader_.read(part.begin, std::span(buffer_).first(most), wait);
        });
        kept_.keep(Clock::now(), reader_);
        return bytes;
    }

    /// Why it is not all of it.
    std::optional<std::string> send_body(Part rest, std::size_t in_hand) {
        while (true) {
            if (!client_.send(std::span(buffer_).first(in_hand))) {
                return gone();
            }
            count(rest, in_hand);
            auto trouble = send_straight(rest);
            if (trouble || rest.begin == rest.end) {
                return trouble;
            }
            auto const next = read_some(rest);
            if (!next) {
                return next.error().message;
            }
            in_hand = *next;
        }
    }

    /// Sends what need not be read here. Why it cannot go on.
    std::optional<std::string> send_straight(Part& rest) {
        while (rest.begin < rest.end) {
            auto const sent = while_wanted(client_, stop_, [&](peer::Wait const& wait) {
                return reader_.send(client_.socket(), rest.begin, rest.end - rest.begin, wait);
            });
            if (!sent) {
                return sent.error().message;
            }
            if (!*sent) {
                break;
            }
            kept_.keep(Clock::now(), reader_);
            count(rest, **sent);
            if (!client_.took(**sent)) {
                return gone();
            }
        }
        return std::nullopt;
    }

    void count(Part& rest, std::size_t sent) {
        visit_.bytes += sent;
        rest.begin += sent;
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
