// Which of those whose turn it could be is served, in Uploads.

#include <xfsbus/policies/fair.hpp>
#include <xfsbus/swarm/uploads.hpp>

#include <algorithm>
#include <cstring>
#include <span>
#include <tuple>

namespace xfsbus::swarm {
namespace {

std::uint64_t microseconds(wire::Duration duration) {
    auto const count = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
    return static_cast<std::uint64_t>(std::max<decltype(count)>(count, 0));
}

/// A number for a hash: one that is as good as any other.
std::uint64_t number_of(wire::ContentId const& content) {
    std::uint64_t number = 0;
    std::memcpy(&number, content.bytes.data(), sizeof number);
    return number;
}

}  // namespace

void Uploads::set_choice(std::shared_ptr<policies::UploadChoice> choice,
                         Deliveries const* deliveries) {
    choice_ = std::move(choice);
    deliveries_ = deliveries;
}

/// Who has waited for too long goes first; else the policy decides, or the built-in rule, which is
/// not shown what a policy is.
Uploads::Turn const& Uploads::choose(wire::Time now, std::vector<Turn> const& turns) const {
    auto const waits_since = [](Turn const& turn) { return turn.sink->waits_since; };
    auto const longest = std::ranges::min_element(turns, {}, waits_since);
    if (now - waits_since(*longest) >= starved_after_) {
        return *longest;
    }
    return choice_ ? chosen(now, turns)
                   : policies::fairest(
                         std::span(turns),
                         [this](Turn const& turn) {
                             return keeps_turn(*turn.sink) ? 0 : turn.sink->served;
                         },
                         [](Turn const& turn) { return turn.copies; },
                         [](Turn const& turn) -> auto const& { return turn.transfer->content; });
}

/// It was served last, and has had less in a row than what leaves in turn_time. What is held back
/// by a limit leaves no faster than that, however fast the link is.
bool Uploads::keeps_turn(Sink const& sink) const {
    auto const limit = static_cast<double>(limits_.bytes_per_second);
    double const rate =
        limit > 0 ? std::min(rate_.bytes_per_second(), limit) : rate_.bytes_per_second();
    double const in_time = rate * std::chrono::duration<double>(limits_.turn_time).count();
    auto const most = std::min(in_time, static_cast<double>(limits_.turn_bytes_most));
    return sink.serial == turn_of_ && static_cast<double>(turn_bytes_) < most;
}

/// The one that the policy ranks lowest, of equals the one that was given least.
Uploads::Turn const& Uploads::chosen(wire::Time now, std::vector<Turn> const& turns) const {
    policies::UploadRequest const request{.places = static_cast<std::uint32_t>(table_.places),
                                          .now_us = microseconds(now.time_since_epoch())};
    std::vector<policies::UploadSinkView> views;
    views.reserve(turns.size());
    std::ranges::transform(turns, std::back_inserter(views),
                           [&](Turn const& turn) { return view_of(now, turn); });
    std::vector<double> ranks(turns.size());
    choice_->rank(request, views, ranks);
    std::size_t best = 0;
    for (std::size_t i = 1; i < turns.size(); ++i) {
        if (std::tie(ranks[i], turns[i].sink->served) <
            std::tie(ranks[best], turns[best].sink->served)) {
            best = i;
        }
    }
    return turns[best];
}

policies::UploadSinkView Uploads::view_of(wire::Time now, Turn const& turn) const {
    auto const& sink = *turn.sink;
    return {.copies = turn.copies,
            .sink_id = sink.serial,
            .draw = sink.draw,
            .content = number_of(turn.transfer->content),
            .bytes = turn.length,
            .share_bytes = sink.served,
            .waits_us = microseconds(now - sink.waits_since),
            .served_us = microseconds(now - sink.opened),
            .host = sink.key.second.host.c_str(),
            .delivers_bytes_per_s = deliveries_ != nullptr && sink.serves
                                        ? deliveries_->bytes_per_second(*sink.serves, now)
                                        : 0};
}

}  // namespace xfsbus::swarm
