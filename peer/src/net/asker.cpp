#include "net/asker.hpp"

#include <xfsbus/wire/name.hpp>

#include <algorithm>

namespace xfsbus::peer::net {
namespace {

constexpr auto busy_pause = std::chrono::milliseconds(100);
constexpr auto busy_pause_most = std::chrono::milliseconds(800);

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

Asker::Asker(bus::Scheduler& scheduler, Send send, std::string whom, Errc silence)
    : scheduler_(scheduler), send_(std::move(send)), whom_(std::move(whom)), silence_(silence) {}

Asker::~Asker() {
    abandon();
}

void Asker::abandon() {
    abandoned_ = true;
    auto pending = std::exchange(pending_, {});
    for (auto& [request, waiting] : pending) {
        cancel_timers(waiting);
        waiting.on_answer(closed());
    }
}

void Asker::fail_all(Error const& error) {
    auto const pending = std::exchange(pending_, {});
    for (auto const& [request, waiting] : pending) {
        cancel_timers(waiting);
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
    auto const timer = scheduler_.at(scheduler_.now() + patience, [this, request] {
        auto const& busy = pending_.at(request).busy;
        auto const why = busy.empty() ? trouble_ : "it says that it is busy: " + busy;
        finish(request,
               Error{silence_, "no answer from " + whom_ + (why.empty() ? "" : ": " + why)});
    });
    pending_.emplace(request, Pending{std::move(on_answer), timer, question, busy_pause});
    send_(question, request);  // a full queue is the same as no answer
}

bool Asker::on_answer(std::uint64_t request, wire::Message&& message) {
    if (!pending_.contains(request)) {
        return false;
    }
    auto const* failure = std::get_if<wire::Failure>(&message);
    if (failure != nullptr && failure->code == wire::ErrorCode::busy) {
        pending_.at(request).busy = wire::escape(failure->reason);
        ask_again(request);
    } else if (failure != nullptr) {
        finish(request,
               Error{code_of(failure->code), whom_ + " says: " + wire::escape(failure->reason)});
    } else {
        finish(request, std::move(message));
    }
    return true;
}

/// Its patience ends it, too.
void Asker::ask_again(std::uint64_t request) {
    auto& pending = pending_.at(request);
    if (pending.again) {
        return;
    }
    pending.again = scheduler_.at(scheduler_.now() + pending.pause, [this, request] {
        auto& waiting = pending_.at(request);
        waiting.again.reset();
        send_(waiting.question, request);
    });
    pending.pause = std::min<wire::Duration>(2 * pending.pause, busy_pause_most);
}

void Asker::ask_all_again() {
    for (auto const& [request, waiting] : pending_) {
        send_(waiting.question, request);
    }
}

void Asker::cancel_timers(Pending const& pending) const {
    scheduler_.cancel(pending.timer);
    if (pending.again) {
        scheduler_.cancel(*pending.again);
    }
}

void Asker::finish(std::uint64_t request, Result<wire::Message> answer) {
    auto node = pending_.extract(request);
    cancel_timers(node.mapped());
    node.mapped().on_answer(std::move(answer));
}

}  // namespace xfsbus::peer::net
