#pragma once

#include "index/publications.hpp"
#include "index/share_index.hpp"
#include "net/tracker_link.hpp"
#include "runtime/event_store.hpp"
#include "runtime/tracker_watch.hpp"
#include "runtime/waiters.hpp"

#include <xfsbus/bus/reactor.hpp>
#include <xfsbus/peer/options.hpp>
#include <xfsbus/peer/status.hpp>
#include <xfsbus/policies/host/hash_algorithm.hpp>
#include <xfsbus/swarm/share_table.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace xfsbus::peer::runtime {

/// What this peer shares: what the index finds in its directory, what downloads add, and what the
/// program publishes, goes into the table, to the tracker, and into the events. Where something is
/// published, a file of the directory that gets this name waits until it is not any more. Reactor
/// thread.
class ShareKeeper {
  public:
    ShareKeeper(bus::Reactor& reactor, swarm::ShareTable& table,
                index::Publications const& published, net::TrackerLink& tracker,
                TrackerWatch& watch, EventStore& events, PeerOptions const& options);

    /// Begins the first scan, with so many threads that hash; shares nothing if there is no
    /// directory.
    Status start(std::shared_ptr<policies::HashAlgorithm const> integrity,
                 std::shared_ptr<storage::Tree const> tree,
                 index::ShareIndex::Threads const& threads, unsigned hashers);

    /// At once, if the first scan is over.
    void when_scanned(std::weak_ptr<void const> who,
                      std::function<void(UpdateSummary const&)> then);
    /// Scans, and sends the tracker the whole list.
    void update_list(std::function<void(Result<UpdateSummary>)> on_done);
    /// Scans, and logs the end.
    void rescan();

    [[nodiscard]] std::vector<SharedFileInfo> files() const;

    /// Of the last whole scan; nought before.
    [[nodiscard]] UpdateSummary scan() const { return scanned_.value_or(UpdateSummary{}); }

    /// A download has put it into the directory. Offered at once: the index will say the same a
    /// little later.
    void on_fetched(swarm::IndexedFile file);
    /// null: no part of it is here any more.
    void on_partial(std::string const& name, swarm::PartialFile const* part);

    /// It is published, or has another stamp than before.
    void on_shared(swarm::IndexedFile file);
    /// It is published no more.
    void on_unshared(std::string const& name);

    enum class Doubt {
        stamp,  ///< somebody found it changed
        bytes,  ///< somebody says that its bytes are not what they should be
    };
    /// Of a file of the directory.
    void look_again(std::string const& name, Doubt doubt);

    /// Puts the last scan into the events, if there was one.
    void tell_how_it_is();

  private:
    [[nodiscard]] index::ShareIndex::Options index_options() const;
    void on_changed(std::vector<swarm::IndexedFile> added, std::vector<std::string> removed);
    void on_scanned(UpdateSummary const& summary);
    [[nodiscard]] wire::FileEntry tell(swarm::IndexedFile const& file);
    swarm::IndexedFile const* put(swarm::IndexedFile file);
    bool remove(std::string const& name);
    void note(LogLevel level, std::string_view text) const;

    bus::Reactor& reactor_;
    swarm::ShareTable& table_;
    index::Publications const& published_;
    std::map<std::string, swarm::IndexedFile> hidden_;  ///< of the directory, by what is published
    net::TrackerLink& tracker_;
    TrackerWatch& watch_;
    EventStore& events_;
    PeerOptions const& options_;
    Waiters<UpdateSummary> waiting_;  ///< for the first scan
    std::optional<UpdateSummary> scanned_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    std::unique_ptr<index::ShareIndex> index_;  ///< last: its threads end first
};

}  // namespace xfsbus::peer::runtime
