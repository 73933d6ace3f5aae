#pragma once

#include "jobs/candidate.hpp"
#include "jobs/transfer_parts.hpp"
#include "net/alarm.hpp"

#include <xfsbus/bus/data.hpp>
#include <xfsbus/peer/peer.hpp>
#include <xfsbus/swarm/sink_session.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace xfsbus::peer::jobs {

/// Gives a SinkSession its connections and its clock, and does what it wants done; all but the
/// disk, which is its owner's. Reactor thread.
class SessionRunner : public std::enable_shared_from_this<SessionRunner> {
  public:
    /// Whose session it is. May let go of the runner in any of these.
    class Owner {
      public:
        /// To be verified and stored; then call on_checked, unless it is over.
        virtual void on_chunk(swarm::SourceId source, std::uint32_t chunk,
                              bus::Payload payload) = 0;
        /// So much of it is here, which the tracker is to be told.
        virtual void announce(std::uint32_t ppm) = 0;
        /// Why it must not go on, though the session would.
        [[nodiscard]] virtual std::optional<Error> fault() const = 0;
        /// It cannot go on: end it.
        virtual void on_failed(Error const& error) = 0;
        /// More sources are wanted: add() those that are found, then call on_search_done().
        virtual void search() = 0;

      protected:
        ~Owner() = default;
    };

    /// What is fetched.
    struct Subject {
        std::string name;              ///< for the log
        swarm::ContentState& content;  ///< outlives the runner
        swarm::SinkSession::Options options;
        swarm::Download::Policies policies;  ///< they outlive the runner
        policies::Rng rng;
    };

    /// `owner` may be gone once end() was called.
    SessionRunner(TransferParts const& parts, Subject subject, Owner& owner);

    void add(Candidate candidate);
    /// Another peer that fetches the same, and serves what it has of it.
    void add_fellow(std::shared_ptr<net::Link> link);
    void on_search_done();
    /// Whether it is in use now: then it need not be asked how it is.
    [[nodiscard]] bool uses(wire::Endpoint const& endpoint) const;

    /// What has become of a chunk, and how many bytes of it are stored.
    void on_checked(swarm::SourceId source, std::uint32_t chunk, swarm::Download::Check check,
                    std::uint64_t bytes);

    /// Does what the session wants done, unless it cannot go on. To be called after each event.
    void pump();
    /// The same, when this turn is over.
    void pump_soon();
    /// Ends all transfers. The owner hears nothing any more.
    void end();

    [[nodiscard]] swarm::SinkSession& session() { return session_; }

    [[nodiscard]] swarm::SinkSession const& session() const { return session_; }

    [[nodiscard]] std::string endpoint_of(swarm::SourceId source) const;
    /// How each source stands.
    [[nodiscard]] std::vector<SourceStatus> source_status() const;

  private:
    void carry_out(swarm::SinkSession::Actions& actions);
    void send(swarm::SinkSession::Send& send);
    void want(net::Link& link, swarm::SourceId source, wire::Want& want);
    void on_refused(swarm::SourceId source, wire::Refused const& refused);
    void on_have(swarm::SourceId source, wire::Have const& have);
    bool take(swarm::SourceId source, wire::ChunkHeader const& header, bus::Payload payload);
    void probe(swarm::SourceId source);
    [[nodiscard]] net::Link* link_to(swarm::SourceId source) const;
    void let_go(swarm::SourceId source);

    TransferParts parts_;
    std::string name_;
    std::uint32_t chunk_bytes_;
    Owner& owner_;
    swarm::SinkSession session_;
    std::map<swarm::SourceId, std::shared_ptr<net::Link>> links_;
    net::Alarm alarm_;
    bool pump_posted_ = false;
    bool over_ = false;
};

}  // namespace xfsbus::peer::jobs
