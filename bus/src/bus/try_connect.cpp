#include "bus/knock.hpp"

#include <xfsbus/bus/try_connect.hpp>

#include <utility>

namespace xfsbus::bus {
namespace {

constexpr auto look_again = std::chrono::milliseconds(50);

}  // namespace

struct ConnectionTrials::Trial {
    Trial(wire::Endpoint const& to, wire::Time end, OnResult then)
        : knock(to), until(end), on_result(std::move(then)) {}

    Knock knock;
    wire::Time until;
    OnResult on_result;
};

ConnectionTrials::ConnectionTrials(Reactor& reactor, std::size_t at_once_most)
    : reactor_(reactor), at_once_most_(at_once_most) {}

ConnectionTrials::~ConnectionTrials() = default;

bool ConnectionTrials::start(wire::Endpoint const& to, wire::Duration patience,
                             OnResult on_result) {
    if (trials_.size() >= at_once_most_) {
        return false;
    }
    trials_.push_back(std::make_unique<Trial>(to, reactor_.now() + patience, std::move(on_result)));
    look();
    return true;
}

void ConnectionTrials::look() {
    if (std::exchange(looking_, true)) {
        return;
    }
    reactor_.at(reactor_.now() + look_again, [this, alive = std::weak_ptr(alive_)] {
        if (alive.expired()) {
            return;
        }
        looking_ = false;
        std::list<std::unique_ptr<Trial>> over;
        for (auto it = trials_.begin(); it != trials_.end();) {
            auto const next = std::next(it);
            if ((*it)->knock.over() || reactor_.now() >= (*it)->until) {
                over.splice(over.end(), trials_, it);
            }
            it = next;
        }
        if (!trials_.empty()) {
            look();
        }
        for (auto const& trial : over) {
            trial->on_result(trial->knock.connected() ? "" : trial->knock.why());
        }
    });
}

}  // namespace xfsbus::bus
