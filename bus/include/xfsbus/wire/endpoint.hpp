#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace xfsbus::wire {

/// Where a peer or a tracker listens: a numeric address or host name and a TCP port.
struct Endpoint {
    std::string host;
    std::uint16_t port = 0;

    friend auto operator<=>(Endpoint const&, Endpoint const&) = default;

    /// "127.0.0.1:7470"; an IPv6 address in brackets.
    [[nodiscard]] std::string to_string() const;
    /// "tcp://127.0.0.1:7470", as ZeroMQ wants it.
    [[nodiscard]] std::string to_zmq() const;
    /// Listens on every interface ("0.0.0.0", "::", "*" or nothing), so that the host must be
    /// learned from elsewhere.
    [[nodiscard]] bool any_host() const;
};

/// Reads "HOST:PORT" or "tcp://HOST:PORT"; nullopt if it is neither, or HOST holds anything but
/// letters, digits, '.', '-', '_', ':' (in brackets) or '*'.
std::optional<Endpoint> parse_endpoint(std::string_view text);

/// An IPv4 or IPv6 address, as opposed to a name that somebody would have to look up.
bool numeric_host(std::string const& host);

/// The address in the one way of writing it, so that two texts are equal if they name the same:
/// lower case, zeros left out, an IPv4 address within IPv6 ("::ffff:10.0.0.1") as IPv4, a zone only
/// where it counts (fe80::/10). nullopt: it is no address.
std::optional<std::string> canonical_host(std::string_view host);

/// Both are addresses, and the same one, zones left aside: "fe80::1" and "fe80::1%eth0", too.
bool same_host(std::string_view a, std::string_view b);

/// An address that only this machine reaches: 127.0.0.0/8 or ::1.
bool loopback_host(std::string_view host);

/// What a user may call a host: an address or a name; may be empty.
bool valid_host(std::string_view host);

}  // namespace xfsbus::wire

template <>
struct std::hash<xfsbus::wire::Endpoint> {
    std::size_t operator()(xfsbus::wire::Endpoint const& endpoint) const noexcept {
        return std::hash<std::string>{}(endpoint.host) * 31 + endpoint.port;
    }
};
