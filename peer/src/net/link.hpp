#pragma once

#include <xfsbus/wire/endpoint.hpp>
#include <xfsbus/wire/ids.hpp>
#include <xfsbus/wire/messages.hpp>
#include <xfsbus/wire/result.hpp>
#include <xfsbus/wire/time.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace xfsbus::peer::net {

/// The way to another peer, as its sink. Reactor thread.
class Link {
  public:
    struct Vitals {
        std::uint32_t load = 0;
        double latency_ms = 0;  ///< the table's figure, or the shortest round trip of late
    };

    /// What the source says of a transfer.
    struct Heard {
        std::function<void(wire::Refused const&)> on_refused;
        std::function<void(wire::Have const&)> on_have;
    };

    using OnVitals = std::function<void(Result<Vitals>)>;
    using OnAnswer = std::function<void(Result<wire::Message>)>;

    Link() = default;
    virtual ~Link() = default;
    Link(Link const&) = delete;
    Link& operator=(Link const&) = delete;

    [[nodiscard]] virtual wire::Endpoint const& endpoint() const = 0;

    /// How it is. Errc::timeout if it does not say so within `patience`, Errc::network if nobody
    /// can be there.
    virtual void probe(wire::Duration patience, OnVitals on_vitals) = 0;

    /// The same errors, and what a Failure means.
    virtual void ask(wire::Message const& question, wire::Duration patience,
                     OnAnswer on_answer) = 0;

    /// Adds to what is sent at the end of this turn. Of each transfer that was wanted `heard` is
    /// told until it is refused, which happens at most once, or closed.
    virtual void want(wire::Want want, Heard const& heard) = 0;
    /// Tells the source of an open transfer what is here.
    virtual void tell(wire::Have have) = 0;
    /// Nothing more is heard of it. `corrupt`: since bytes came that are not those of the content;
    /// `tell`: the source does not know yet.
    virtual void close(wire::TransferId const& transfer, bool corrupt, bool tell) = 0;
};

/// The links of a peer: one to each other peer, as long as somebody uses it. Reactor thread.
class Links {
  public:
    Links() = default;
    virtual ~Links() = default;
    Links(Links const&) = delete;
    Links& operator=(Links const&) = delete;

    /// Errc::network if there are too many already, or none can be opened.
    virtual Result<std::shared_ptr<Link>> to(wire::Endpoint const& endpoint) = 0;

    /// Whether there is a link to it, or may be one more.
    [[nodiscard]] virtual bool room_for(wire::Endpoint const& endpoint) = 0;

    /// How many one job may hold that asks many peers: the others need some, too.
    [[nodiscard]] virtual std::size_t share_of_a_job() const = 0;
};

}  // namespace xfsbus::peer::net
