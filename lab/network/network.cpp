#include "network/network.hpp"

#include <algorithm>
#include <cassert>
#include <tuple>
#include <utility>

namespace xfsbus::lab::network {
namespace {

/// So many plans for each flow are kept before those that are old are looked for.
constexpr std::size_t plans_most = 4;
constexpr std::size_t plans_least = 1024;

/// In which so much has passed, rounded up.
wire::Duration time_of(Volume volume, Rate rate) {
    auto const count = volume <= 0 ? Volume{0} : (volume + rate - 1) / rate;
    constexpr auto most = wire::Duration::max().count() / 4;
    return wire::Duration(count < most ? static_cast<std::int64_t>(count) : most);
}

}  // namespace

LinkIndex Network::add_link(double bytes_per_second, wire::Duration delay) {
    delays_.push_back(delay);
    return shares_.add_link(rate_of(bytes_per_second));
}

void Network::set_capacity(wire::Time now, LinkIndex link, double bytes_per_second) {
    move_to(now);
    shares_.set_capacity(link, rate_of(bytes_per_second));
    is_solved_ = false;
}

FlowIndex Network::open(std::span<LinkIndex const> route) {
    auto const index = shares_.add_flow(route);
    if (index == flows_.size()) {
        flows_.emplace_back();
    }
    for (auto const link : route) {
        flows_[index].delay += delays_[link];
    }
    return index;
}

void Network::send(wire::Time now, FlowIndex index, std::uint64_t bytes) {
    assert(bytes > 0);
    move_to(now);
    Flow& flow = flows_[index];
    if (flow.pieces.empty()) {
        flow.left += per_byte * bytes;
        flow.since = flow.takes_part ? flow.since : now;
        touch(index);
    }
    flow.pieces.push_back(bytes);
}

void Network::close(wire::Time now, FlowIndex index) {
    move_to(now);
    Flow& flow = flows_[index];
    if (flow.takes_part) {
        shares_.stop(index);
        is_solved_ = false;
    }
    if (flow.is_touched) {
        std::erase(touched_, index);
    }
    auto const plan = flow.plan + 1;
    flow = {};
    flow.plan = plan;
    shares_.forget(index);
}

/// What has happened before is solved as of then.
void Network::move_to(wire::Time now) {
    assert(now >= now_);
    if (now > now_) {
        settle();
    }
    now_ = now;
}

void Network::touch(FlowIndex index) {
    ++flows_[index].plan;
    if (!std::exchange(flows_[index].is_touched, true)) {
        touched_.push_back(index);
    }
    is_solved_ = false;
}

std::optional<wire::Time> Network::next() {
    settle();
    while (!planned_.empty() && is_old(planned_.front())) {
        std::ranges::pop_heap(planned_, later);
        planned_.pop_back();
    }
    return planned_.empty() ? std::nullopt : std::optional(planned_.front().at);
}

std::optional<Network::Left> Network::take(wire::Time now) {
    move_to(now);
    while (!planned_.empty() && planned_.front().at <= now) {
        auto const first = planned_.front();
        std::ranges::pop_heap(planned_, later);
        planned_.pop_back();
        if (is_old(first)) {
            continue;
        }
        Flow& flow = flows_[first.flow];
        advance(flow, first.at);
        auto const bytes = flow.pieces.front();
        flow.pieces.erase(flow.pieces.begin());
        if (!flow.pieces.empty()) {
            flow.left += per_byte * flow.pieces.front();
        }
        touch(first.flow);
        return Left{first.flow, bytes, first.at + flow.delay};
    }
    return std::nullopt;
}

// ---- solving ----

/// Who begins and who has ended is known when the moment is over: a connection that was given the
/// next piece when one had left goes on as if nothing had been.
void Network::settle() {
    if (std::exchange(is_solved_, true)) {
        return;
    }
    for (auto const index : touched_) {
        Flow& flow = flows_[index];
        flow.is_touched = false;
        bool const sends = !flow.pieces.empty();
        if (sends && !flow.takes_part) {
            shares_.start(index);
        } else if (!sends && flow.takes_part) {
            shares_.stop(index);
            flow.rate = 0;
            flow.left = 0;
        } else if (sends) {
            plan(index);
        }
        flow.takes_part = sends;
    }
    touched_.clear();
    for (auto const index : shares_.solve()) {
        Flow& flow = flows_[index];
        advance(flow, now_);
        flow.rate = shares_.rate(index);
        plan(index);
    }
    drop_old_plans();
}

/// What is left at `now`.
void Network::advance(Flow& flow, wire::Time now) {
    flow.left -= volume_of(flow.rate, now - flow.since);
    flow.since = now;
}

void Network::plan(FlowIndex index) {
    Flow& flow = flows_[index];
    ++flow.plan;
    if (flow.rate > 0) {
        planned_.push_back({flow.since + time_of(flow.left, flow.rate), index, flow.plan});
        std::ranges::push_heap(planned_, later);
    }
}

/// Whether the first of two comes after the other. At one moment the order is that of the indices.
bool Network::later(Planned const& a, Planned const& b) {
    return std::tie(a.at, a.flow, a.plan) > std::tie(b.at, b.flow, b.plan);
}

void Network::drop_old_plans() {
    if (planned_.size() > plans_least + plans_most * flows_.size()) {
        std::erase_if(planned_, [this](Planned const& planned) { return is_old(planned); });
        std::ranges::make_heap(planned_, later);
    }
}

}  // namespace xfsbus::lab::network
