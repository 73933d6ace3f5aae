#pragma once

#include <xfsbus/wire/endpoint.hpp>
#include <xfsbus/wire/result.hpp>

#include <string>

namespace xfsbus::peer::net {

/// The address that a peer of this tracker listens on: the one that was asked for; of an empty one,
/// that from which this machine reaches the tracker, or every one if that cannot be told. May wait
/// for a name server. Errc::usage where only this machine could reach the peer, and the tracker is
/// elsewhere. Any thread.
Result<std::string> listen_address(std::string const& asked, wire::Endpoint const& tracker);

}  // namespace xfsbus::peer::net
