#include "jobs/subscription_task.hpp"

#include <chrono>
#include <utility>

namespace xfsbus::peer::jobs {
namespace {

/// Between an answer and the next question, so that a tracker which has always something to say
/// does not keep this thread.
constexpr auto question_pause = std::chrono::milliseconds(2);
/// Until it is seen whether what was told has been taken.
constexpr auto room_pause = std::chrono::milliseconds(50);
/// After a question that was not answered.
constexpr auto trouble_pause = std::chrono::seconds(1);

/// Asked again it would be refused again.
bool is_final(Errc code) {
    return code == Errc::failed || code == Errc::not_authorised;
}

}  // namespace

SubscriptionTask::SubscriptionTask(Network const& network, Order order, OnDone on_done)
    : network_(network),
      order_(std::move(order)),
      on_done_(std::move(on_done)),
      subscription_(order_.wanted),
      alarm_(network.scheduler, [this] {
          auto const alive = shared_from_this();
          go_on();
      }) {}

void SubscriptionTask::ask() {
    network_.tracker.subscribe(subscription_.question(),
                               [weak = weak_from_this()](Result<wire::Changes> const& answer) {
                                   if (auto const there = weak.lock(); there && !there->over_) {
                                       there->on_answer(answer);
                                   }
                               });
}

void SubscriptionTask::on_answer(Result<wire::Changes> const& answer) {
    if (!answer && is_final(answer.error().code)) {
        return finish(answer.error());
    }
    if (!answer) {
        return alarm_.set(network_.scheduler.now() + trouble_pause);
    }
    if (auto const taken = subscription_.on_answer(*answer); !taken) {
        return finish(taken.error());
    }
    alarm_.set(network_.scheduler.now() + question_pause);
}

/// Tells all there is, as far as there is room, and asks only then.
void SubscriptionTask::go_on() {
    for (auto room = order_.room(); room > 0; --room) {
        if (!tell_next()) {
            return ask();
        }
    }
    alarm_.set(network_.scheduler.now() + room_pause);
}

/// A peer is told of before what it has. False: all is told.
bool SubscriptionTask::tell_next() {
    if (auto const peer = subscription_.next_peer()) {
        order_.on_peer(*peer);
        return true;
    }
    auto const file = subscription_.next();
    if (file) {
        order_.on_news(*file);
    }
    return file.has_value();
}

void SubscriptionTask::finish(Result<std::vector<wire::ListedFile>> result) {
    if (!std::exchange(over_, true)) {
        alarm_.set(std::nullopt);
        on_done_(std::move(result));
    }
}

}  // namespace xfsbus::peer::jobs
