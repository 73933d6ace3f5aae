// How links are shared: cases reckoned by hand, and random networks against a plain filling.
#include "network/max_min.hpp"

#include "catch.hpp"
#include "topologies.hpp"

#include <map>
#include <set>
#include <vector>

using namespace xfsbus::lab::network;
using namespace xfsbus::lab::network::test;

namespace {

/// Links and flows in bytes per second.
class Shares {
  public:
    LinkIndex link(double capacity) { return shares_.add_link(rate_of(capacity)); }

    FlowIndex flow(std::vector<LinkIndex> const& route) {
        auto const flow = shares_.add_flow(route);
        shares_.start(flow);
        return flow;
    }

    void end(FlowIndex flow) {
        shares_.stop(flow);
        shares_.forget(flow);
    }

    void set(LinkIndex link, double capacity) { shares_.set_capacity(link, rate_of(capacity)); }

    double rate(FlowIndex flow) {
        shares_.solve();
        return bytes_per_second(shares_.rate(flow));
    }

    MaxMin& shares() { return shares_; }

  private:
    MaxMin shares_;
};

auto about(double rate) {
    return Approx(rate).epsilon(1e-9);
}

/// All rise alike until a link is full, from nothing, in doubles: what the division must be.
std::map<FlowIndex, double> plain_filling(
    std::vector<double> const& capacities,
    std::map<FlowIndex, std::vector<LinkIndex>> const& routes) {
    auto spare = capacities;
    std::map<FlowIndex, double> rates;
    while (rates.size() < routes.size()) {
        std::vector<int> open(spare.size());
        for (auto const& [flow, route] : routes) {
            for (auto const link : route) {
                open[link] += rates.contains(flow) ? 0 : 1;
            }
        }
        std::size_t full = 0;
        double level = std::numeric_limits<double>::infinity();
        for (std::size_t link = 0; link < spare.size(); ++link) {
            if (open[link] > 0 && spare[link] / open[link] < level) {
                level = spare[link] / open[link];
                full = link;
            }
        }
        for (auto const& [flow, route] : routes) {
            if (!rates.contains(flow) && std::ranges::count(route, full) > 0) {
                rates[flow] = level;
                for (auto const link : route) {
                    spare[link] -= level;
                }
            }
        }
    }
    return rates;
}

/// A network in which flows come and go, and capacities change, beside what it should be.
class RandomShares {
  public:
    explicit RandomShares(std::uint64_t seed) : random_(seed), topology_(any_topology(random_)) {
        for (double const capacity : topology_.capacities) {
            shares_.add_link(rate_of(capacity));
        }
    }

    void change() {
        auto const what = random_.below(10);
        if (what == 0) {
            auto const link = static_cast<LinkIndex>(random_.below(topology_.capacities.size()));
            topology_.capacities[link] = any_capacity(random_);
            shares_.set_capacity(link, rate_of(topology_.capacities[link]));
        } else if ((what < 4 && !routes_.empty()) || routes_.size() >= flows_most) {
            auto const gone = std::next(routes_.begin(),
                                        static_cast<std::ptrdiff_t>(random_.below(routes_.size())));
            shares_.stop(gone->first);
            shares_.forget(gone->first);
            routes_.erase(gone);
        } else {
            auto const route = topology_.any_route(random_);
            auto const flow = shares_.add_flow(route);
            shares_.start(flow);
            routes_[flow] = route;
            before_[flow] = 0;
        }
    }

    void check() {
        auto const changed = shares_.solve();
        for (auto const flow : changed) {
            CHECK(before_[flow] != shares_.rate(flow));
        }
        std::set<FlowIndex> const named(changed.begin(), changed.end());
        std::vector<Rate> used(topology_.capacities.size());
        for (auto const& [flow, rate] : plain_filling(topology_.capacities, routes_)) {
            auto const is = shares_.rate(flow);
            CHECK(bytes_per_second(is) == about(rate));
            CHECK((named.contains(flow) || before_[flow] == is));
            for (auto const link : routes_[flow]) {
                used[link] += is;
            }
        }
        note_rates();
        for (LinkIndex link = 0; link < used.size(); ++link) {
            CHECK(used[link] == shares_.used(link));
            CHECK(used[link] <= shares_.capacity(link));
        }
    }

    /// The rates that the next check compares with.
    void solve() {
        shares_.solve();
        note_rates();
    }

    Random& random() { return random_; }

  private:
    static constexpr std::size_t flows_most = 60;

    void note_rates() {
        before_.clear();
        for (auto const& [flow, route] : routes_) {
            before_[flow] = shares_.rate(flow);
        }
    }

    Random random_;
    Topology topology_;
    MaxMin shares_;
    std::map<FlowIndex, std::vector<LinkIndex>> routes_;
    std::map<FlowIndex, Rate> before_;
};

}  // namespace

TEST_CASE("flows that pass one link have the same share of it") {
    Shares shares;
    auto const link = shares.link(12 * mega);
    auto const a = shares.flow({link});
    CHECK(shares.rate(a) == about(12 * mega));
    auto const b = shares.flow({link});
    auto const c = shares.flow({link});
    CHECK(shares.rate(a) == about(4 * mega));
    CHECK(shares.rate(b) == about(4 * mega));
    CHECK(shares.rate(c) == about(4 * mega));
}

TEST_CASE("of two links in a row the narrower one decides") {
    Shares shares;
    auto const wide = shares.link(10 * mega);
    auto const narrow = shares.link(3 * mega);
    auto const flow = shares.flow({wide, narrow});
    CHECK(shares.rate(flow) == about(3 * mega));
}

TEST_CASE("in a parking lot a long flow has as much as the short ones beside it") {
    Shares shares;
    std::vector<LinkIndex> const road{shares.link(6 * mega), shares.link(4 * mega),
                                      shares.link(9 * mega)};
    auto const all = shares.flow(road);
    auto const first = shares.flow({road[0]});
    auto const second = shares.flow({road[1]});
    auto const third = shares.flow({road[2]});
    CHECK(shares.rate(all) == about(2 * mega));
    CHECK(shares.rate(first) == about(4 * mega));
    CHECK(shares.rate(second) == about(2 * mega));
    CHECK(shares.rate(third) == about(7 * mega));
}

TEST_CASE("what a flow leaves over that is bound by another link goes to the others") {
    Shares shares;
    auto const shared = shares.link(9 * mega);
    auto const thin = shares.link(1 * mega);
    auto const bound = shares.flow({shared, thin});
    auto const a = shares.flow({shared});
    auto const b = shares.flow({shared});
    CHECK(shares.rate(bound) == about(1 * mega));
    CHECK(shares.rate(a) == about(4 * mega));
    CHECK(shares.rate(b) == about(4 * mega));
}

TEST_CASE("in a star uplinks and downlinks bind whom they must") {
    // One sends to three; the third also hears two others.
    Shares shares;
    auto const up1 = shares.link(6 * mega);
    auto const up2 = shares.link(10 * mega);
    auto const up3 = shares.link(1 * mega);
    auto const down1 = shares.link(10 * mega);
    auto const down2 = shares.link(1 * mega);
    auto const down3 = shares.link(6 * mega);
    auto const to1 = shares.flow({up1, down1});
    auto const to2 = shares.flow({up1, down2});
    auto const to3 = shares.flow({up1, down3});
    auto const from2 = shares.flow({up2, down3});
    auto const from3 = shares.flow({up3, down3});
    CHECK(shares.rate(to1) == about(2.5 * mega));
    CHECK(shares.rate(to2) == about(1 * mega));
    CHECK(shares.rate(to3) == about(2.5 * mega));
    CHECK(shares.rate(from2) == about(2.5 * mega));
    CHECK(shares.rate(from3) == about(1 * mega));
}

TEST_CASE(
    "a link that becomes wider or narrower is shared anew, and one of nothing lets nothing by") {
    Shares shares;
    auto const link = shares.link(8 * mega);
    auto const other = shares.link(5 * mega);
    auto const a = shares.flow({link});
    auto const b = shares.flow({link, other});
    CHECK(shares.rate(b) == about(4 * mega));
    shares.set(link, 20 * mega);
    CHECK(shares.rate(a) == about(15 * mega));
    CHECK(shares.rate(b) == about(5 * mega));
    shares.set(other, 2 * mega);
    CHECK(shares.rate(a) == about(18 * mega));
    CHECK(shares.rate(b) == about(2 * mega));
    shares.set(link, 0);
    CHECK(shares.rate(a) == 0);
    CHECK(shares.rate(b) == 0);
    shares.set(link, 3 * mega);
    CHECK(shares.rate(a) == about(1.5 * mega));
    CHECK(shares.rate(b) == about(1.5 * mega));
}

TEST_CASE("a flow that joins takes from those that have most, and gives it back when it leaves") {
    Shares shares;
    auto const shared = shares.link(10 * mega);
    auto const thin = shares.link(2 * mega);
    auto const poor = shares.flow({shared, thin});
    auto const rich = shares.flow({shared});
    CHECK(shares.rate(rich) == about(8 * mega));
    auto const joins = shares.flow({shared});
    CHECK(shares.rate(poor) == about(2 * mega));
    CHECK(shares.rate(rich) == about(4 * mega));
    CHECK(shares.rate(joins) == about(4 * mega));
    shares.end(joins);
    CHECK(shares.rate(poor) == about(2 * mega));
    CHECK(shares.rate(rich) == about(8 * mega));
}

TEST_CASE("what changes at one end of a chain of links is felt at the other end") {
    // Each flow passes two links, and has what the flow before it leaves on the first: 1, 4, 7 and
    // so on. If the first has one more, the second has one less, and the third one more.
    Shares shares;
    std::vector<LinkIndex> links{shares.link(1 * mega)};
    std::vector<FlowIndex> flows;
    for (int i = 1; i <= 9; ++i) {
        links.push_back(shares.link((6 * i - 1) * mega));
        flows.push_back(shares.flow({links[links.size() - 2], links.back()}));
    }
    for (int i = 0; i < 9; ++i) {
        CHECK(shares.rate(flows[static_cast<std::size_t>(i)]) == about((3 * i + 1) * mega));
    }
    shares.set(links[0], 2 * mega);
    for (int i = 0; i < 9; ++i) {
        auto const more = i % 2 == 0 ? 1 : -1;
        CHECK(shares.rate(flows[static_cast<std::size_t>(i)]) == about((3 * i + 1 + more) * mega));
    }
}

TEST_CASE("flows that share no link with what changes are not looked at") {
    Shares shares;
    for (int i = 0; i < 100; ++i) {
        auto const link = shares.link(1 * mega);
        shares.flow({link});
        shares.flow({link});
    }
    auto const apart = shares.link(1 * mega);
    shares.shares().solve();
    auto const before = shares.shares().filled();
    auto const flow = shares.flow({apart});
    CHECK(shares.rate(flow) == about(1 * mega));
    CHECK(shares.shares().filled() == before + 1);
}

TEST_CASE("in random networks every flow has what a filling from nothing gives it") {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        INFO("seed " << seed);
        RandomShares shares(seed);
        for (int step = 0; step < 60; ++step) {
            for (auto changes = 1 + shares.random().below(3); changes > 0; --changes) {
                shares.change();
            }
            shares.check();
        }
    }
}

TEST_CASE("roundings do not add up in a network that lives for long") {
    RandomShares shares(1);
    for (int step = 0; step < 20'000; ++step) {
        shares.change();
        if (shares.random().below(2) == 0) {
            shares.solve();
        }
    }
    shares.check();
}
