#pragma once

#include <xfsbus/bus/reactor.hpp>
#include <xfsbus/wire/result.hpp>
#include <xfsbus/wire/time.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace xfsbus::bus {

/// The numeric addresses of a host, in the system's order of preference; at least one. Waits for
/// the name server, but no longer than `patience`. Errc::network if there is no such name. Any
/// thread.
Result<std::vector<std::string>> look_up(std::string const& host, wire::Duration patience);

/// Looks up the names of hosts that a user has given; never those that came over the network. A
/// lookup may take as long as it likes, and cannot be stopped: each has a thread of its own.
/// Reactor thread.
class Resolver {
  public:
    /// Numeric addresses, in the system's order of preference; at least one.
    using OnAddresses = std::function<void(Result<std::vector<std::string>>)>;

    explicit Resolver(Reactor& reactor);
    /// What is not answered yet is never answered.
    ~Resolver();
    Resolver(Resolver const&) = delete;
    Resolver& operator=(Resolver const&) = delete;

    /// Answers once, and not before it returns: Errc::network if there is no such name, or after
    /// `patience`. An address is its own answer.
    void resolve(std::string const& host, wire::Duration patience, OnAddresses on_addresses);

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace xfsbus::bus
