#include "sim/events.hpp"

#include <array>

namespace xfsbus::lab::sim {

using Kind = tally::MessageKind;

tally::MessageKind kind_of(ToSource const& message) {
    // In the order of the alternatives.
    constexpr std::array kinds = {Kind::want, Kind::have, Kind::close, Kind::ping, Kind::pong};
    static_assert(kinds.size() == std::variant_size_v<decltype(message.what)>);
    return kinds[message.what.index()];
}

tally::MessageKind kind_of(ToSink const& message) {
    constexpr std::array kinds = {Kind::refused, Kind::have, Kind::ping, Kind::pong};
    static_assert(kinds.size() == std::variant_size_v<decltype(message.what)>);
    return kinds[message.what.index()];
}

tally::MessageKind kind_of(Announced const& /*message*/) {
    return Kind::announce;
}

}  // namespace xfsbus::lab::sim
