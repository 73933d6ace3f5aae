#pragma once

#include "jobs/offers.hpp"
#include "net/link.hpp"
#include "serving/partial_server.hpp"

#include <xfsbus/swarm/share_table.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace xfsbus::peer::jobs {

/// Offers that a PartialServer serves, and that the tracker is told of. Reactor thread.
class ServedOffers final : public Offers {
  public:
    struct Owner {
        serving::PartialServer* server;  ///< null: this peer shares nothing
        net::Links& links;
        /// A file was put in place and may be offered to others.
        std::function<void(swarm::IndexedFile)> on_fetched;
        /// So much of a file is here now, and offered to others.
        std::function<void(swarm::PartialFile const&)> on_partial;
        /// A file is not being fetched any more, and is not whole.
        std::function<void(std::string const& name)> on_partial_gone;
    };

    explicit ServedOffers(Owner owner) : owner_(std::move(owner)) {}

    std::unique_ptr<Offer> begin(FileTransfer& transfer,
                                 std::shared_ptr<swarm::ContentState> content,
                                 std::string const& name,
                                 std::shared_ptr<storage::PartReader const> reader) override;

    void on_fetched(swarm::IndexedFile const& file) override { owner_.on_fetched(file); }

    /// Somebody at this address asks us for what we fetch ourselves, and so may have something of
    /// it for us.
    void on_fellow(wire::ContentId const& content, wire::Endpoint const& endpoint) const;

  private:
    class Served;

    Owner owner_;
    std::map<wire::ContentId, FileTransfer*> transfers_;  ///< of what is offered
};

}  // namespace xfsbus::peer::jobs
