#include "shell/asker.hpp"

#include <xfsbus/wire/name.hpp>

namespace xfsbus::peer {
namespace {

Errc code_of(wire::ErrorCode code) {
    switch (code) {
        case wire::ErrorCode::not_found:
        case wire::ErrorCode::gone:
            return Errc::not_found;
        case wire::ErrorCode::bad_message:
        case wire::ErrorCode::limit:
        case wire::ErrorCode::unsupported:
            return Errc::failed;
        case wire::ErrorCode::not_authorised:
            return Errc::not_authorised;
        default:
            return Errc::network;
    }
}

}  // namespace

Asker::Asker(bus::Reactor& reactor, Send send, std::string whom, Errc silence)
    : reactor_(reactor), send_(std::move(send)), whom_(std::move(whom)), silence_(silence) {}

Asker::~Asker() {
    abandon();
}

void Asker::abandon() {
    abandoned_ = true;
    auto pending = std::exchange(pending_, {});
    for (auto& [request, waiting] : pending) {
        reactor_.cancel(waiting.timer);
        waiting.on_answer(closed());
    }
}

void Asker::fail_all(Error const& error) {
    auto const pending = std::exchange(pending_, {});
    for (auto const& [request, waiting] : pending) {
        reactor_.cancel(waiting.timer);
    }
    for (auto const& [request, waiting] : pending) {
        waiting.on_answer(error);
    }
}

Error Asker::closed() const {
    return {Errc::interrupted, "the connection to " + whom_ + " was closed"};
}

void Asker::ask(wire::Message const& question, wire::Duration patience, OnAnswer on_answer) {
    if (abandoned_) {
        return on_answer(closed());
    }
    if (pending_.size() >= open_most) {
        return on_answer(Error{Errc::network, "too many questions to " + whom_ + " are open"});
    }
    auto const request = ++last_request_;
    auto const timer = reactor_.at(reactor_.now() + patience, [this, request] {
        finish(request, Error{silence_, "no answer from " + whom_ +
                                            (trouble_.empty() ? "" : ": " + trouble_)});
    });
    pending_.emplace(request, Pending{std::move(on_answer), timer});
    send_(question, request);  // a full queue is the same as no answer
}

bool Asker::on_answer(std::uint64_t request, wire::Message&& message) {
    if (!pending_.contains(request)) {
        return false;
    }
    if (auto const* failure = std::get_if<wire::Failure>(&message)) {
        finish(request,
               Error{code_of(failure->code), whom_ + " says: " + wire::escape(failure->reason)});
    } else {
        finish(request, std::move(message));
    }
    return true;
}

void Asker::finish(std::uint64_t request, Result<wire::Message> answer) {
    auto node = pending_.extract(request);
    reactor_.cancel(node.mapped().timer);
    node.mapped().on_answer(std::move(answer));
}

}  // namespace xfsbus::peer
