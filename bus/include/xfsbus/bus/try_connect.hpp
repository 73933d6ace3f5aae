#pragma once

#include <xfsbus/bus/reactor.hpp>
#include <xfsbus/wire/endpoint.hpp>
#include <xfsbus/wire/time.hpp>

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <string>

namespace xfsbus::bus {

class Knock;

/// Finds out whether a TCP connection to an address can be made; says nothing over it. No more than
/// so many at once. Reactor thread.
class ConnectionTrials {
  public:
    /// `why` there is no connection, in words; empty: there was one.
    using OnResult = std::function<void(std::string const& why)>;

    ConnectionTrials(Reactor& reactor, std::size_t at_once_most);
    /// What is not answered yet is never answered.
    ~ConnectionTrials();
    ConnectionTrials(ConnectionTrials const&) = delete;
    ConnectionTrials& operator=(ConnectionTrials const&) = delete;

    /// Answers once, within `patience`. False: too many are under way; it never answers.
    bool start(wire::Endpoint const& to, wire::Duration patience, OnResult on_result);

  private:
    struct Trial;

    void look();

    Reactor& reactor_;
    std::size_t at_once_most_;
    std::list<std::unique_ptr<Trial>> trials_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    bool looking_ = false;
};

}  // namespace xfsbus::bus
