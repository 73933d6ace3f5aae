#include <xfsbus/swarm/push_looks.hpp>

namespace xfsbus::swarm {

void PushLooks::on_idle(wire::Time now, bool idle) {
    if (idle == idle_since_.has_value()) {
        return;
    }
    if (idle) {
        idle_since_ = now;
        return;
    }
    waited_ = waited(now);
    idle_since_.reset();
    settled_ = false;
}

void PushLooks::begin(wire::Time /*now*/) {
    looking_ = true;
    from_idle_ = idle_since_.has_value();
}

void PushLooks::on_look(wire::Time now, bool news, bool young) {
    looking_ = false;
    ended_ = now;
    young_ = young;
    settled_ = looked_ && from_idle_ && idle_since_ && !news && !young;
    if (looked_ && from_idle_ && news) {
        ++rounds_;
    }
    looked_ = true;
}

void PushLooks::on_failed(wire::Time now) {
    looking_ = false;
    ended_ = now;
    settled_ = false;
}

std::optional<wire::Time> PushLooks::due() const {
    if (looking_) {
        return std::nullopt;
    }
    bool const soon = idle_since_.has_value() || young_ || !looked_;
    return ended_ + (soon ? wire::Duration(every) : wire::Duration(every_at_work));
}

bool PushLooks::given_up(wire::Time now) const {
    return !settled_ && (rounds_ >= rounds_most || waited(now) >= waiting_most);
}

wire::Duration PushLooks::waited(wire::Time now) const {
    return waited_ + (idle_since_ ? now - *idle_since_ : wire::Duration{});
}

}  // namespace xfsbus::swarm
