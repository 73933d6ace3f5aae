#include "net/listen_address.hpp"

#include <xfsbus/bus/control.hpp>
#include <xfsbus/bus/resolver.hpp>
#include <xfsbus/wire/name.hpp>

#include <chrono>

namespace xfsbus::peer::net {
namespace {

constexpr auto name_patience = std::chrono::seconds(5);

/// Whether the address is one of this machine's.
bool is_here(std::string const& host) {
    return wire::loopback_host(host) || wire::same_host(bus::address_towards(host), host);
}

std::string towards(std::string const& tracker) {
    auto const addresses = bus::look_up(tracker, name_patience);
    auto const first = addresses ? addresses->front() : std::string("0.0.0.0");
    auto from = bus::address_towards(first);
    if (!from.empty()) {
        return from;
    }
    return first.find(':') == std::string::npos ? "0.0.0.0" : "::";
}

}  // namespace

Result<std::string> listen_address(std::string const& asked, wire::Endpoint const& tracker) {
    if (asked.empty()) {
        return towards(tracker.host);
    }
    if (wire::loopback_host(asked) && wire::numeric_host(tracker.host) && !is_here(tracker.host)) {
        return Error{Errc::usage,
                     "no other machine can reach this peer at " + wire::escape(asked) +
                         ", and its tracker at " + wire::escape(tracker.host) +
                         " is one; listen on an address that others reach, or leave it out"};
    }
    return asked;
}

}  // namespace xfsbus::peer::net
