#include <xfsbus/wire/endpoint.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include <arpa/inet.h>

namespace xfsbus::wire {
namespace {

constexpr std::size_t host_bytes_max = 255;
constexpr std::size_t zone_bytes_max = 16;  // '%' and the name of a network interface

bool is_alnum(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_ipv6(std::string_view host) {
    return host.find(':') != std::string_view::npos;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return port;
}

}  // namespace

std::string Endpoint::to_string() const {
    std::string const shown = is_ipv6(host) ? "[" + host + "]" : host;
    return shown + ":" + std::to_string(port);
}

std::string Endpoint::to_zmq() const {
    if (host.empty()) {
        return "tcp://*:" + std::to_string(port);
    }
    return "tcp://" + to_string();
}

bool Endpoint::any_host() const {
    return host.empty() || host == "*" || host == "0.0.0.0" || host == "::";
}

bool valid_host(std::string_view host) {
    return host.size() <= host_bytes_max && std::ranges::all_of(host, [](char c) {
               return is_alnum(c) || c == '.' || c == '-' || c == '_' || c == ':' || c == '%';
           });
}

bool numeric_host(std::string const& host) {
    in6_addr address{};
    auto const zone = std::min(host.find('%'), host.size());
    return valid_host(host) && host.size() - zone <= zone_bytes_max &&
           (::inet_pton(AF_INET, host.c_str(), &address) == 1 ||
            ::inet_pton(AF_INET6, host.substr(0, zone).c_str(), &address) == 1);
}

std::optional<std::string> canonical_host(std::string_view host) {
    if (!valid_host(host)) {
        return std::nullopt;  // nothing that ends a C string early
    }
    auto const zone_at = std::min(host.find('%'), host.size());
    std::string const address(host.substr(0, zone_at));
    std::array<char, INET6_ADDRSTRLEN> text{};
    in_addr four{};
    if (::inet_pton(AF_INET, address.c_str(), &four) == 1) {
        return zone_at == host.size() ? std::optional(address) : std::nullopt;
    }
    in6_addr six{};
    if (::inet_pton(AF_INET6, address.c_str(), &six) != 1) {
        return std::nullopt;
    }
    if (IN6_IS_ADDR_V4MAPPED(&six)) {
        std::memcpy(&four, &six.s6_addr[12], sizeof four);
        return ::inet_ntop(AF_INET, &four, text.data(), text.size());
    }
    std::string const canonical = ::inet_ntop(AF_INET6, &six, text.data(), text.size());
    return IN6_IS_ADDR_LINKLOCAL(&six) ? canonical + std::string(host.substr(zone_at)) : canonical;
}

bool same_host(std::string_view a, std::string_view b) {
    auto const one = canonical_host(a.substr(0, a.find('%')));
    return one && one == canonical_host(b.substr(0, b.find('%')));
}

bool loopback_host(std::string_view host) {
    auto const canonical = canonical_host(host);
    return canonical && (canonical->starts_with("127.") || *canonical == "::1");
}

std::optional<Endpoint> parse_endpoint(std::string_view text) {
    constexpr std::string_view scheme = "tcp://";
    if (text.starts_with(scheme)) {
        text.remove_prefix(scheme.size());
    }
    auto const colon = text.rfind(':');
    if (colon == std::string_view::npos || colon == 0) {
        return std::nullopt;
    }
    auto const port = parse_port(text.substr(colon + 1));
    std::string_view host = text.substr(0, colon);
    bool const bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) {
        host = host.substr(1, host.size() - 2);
    }
    if (!port || (host != "*" && !valid_host(host)) || is_ipv6(host) != bracketed) {
        return std::nullopt;
    }
    return Endpoint{std::string(host), *port};
}

}  // namespace xfsbus::wire
