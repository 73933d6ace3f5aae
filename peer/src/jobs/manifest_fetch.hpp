#pragma once

#include "jobs/hashes.hpp"
#include "net/alarm.hpp"
#include "net/executor.hpp"
#include "net/link.hpp"

#include <xfsbus/swarm/manifest_fetcher.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace xfsbus::peer::jobs {

/// Whether these are the bytes of this content's manifest. Errc::integrity: they are not;
/// Errc::plugin: the algorithm that they name is not here. Any thread.
Result<std::shared_ptr<wire::Manifest const>> check_manifest(Hashes& hashes,
                                                             wire::ContentId const& content,
                                                             std::string_view bytes);

/// The shell of ManifestFetcher: asks the sources of one download. Reactor thread; manifests, which
/// may have many megabytes, are checked on the store pool.
class ManifestFetch : public std::enable_shared_from_this<ManifestFetch> {
  public:
    using Checked = Result<std::shared_ptr<wire::Manifest const>>;

    struct Owner {
        /// The way to a source that was named in want or add_source; null: there is none any more.
        std::function<std::shared_ptr<net::Link>(wire::Endpoint const&)> link;
        std::function<void(swarm::ManifestFetcher::Have const&)> on_have;
        std::function<void(swarm::ManifestFetcher::Failed const&)> on_failed;
        std::function<void(swarm::ManifestFetcher::Discredited const&)> on_discredited;
        /// More sources are wanted: call add_source for each, then on_search_done.
        std::function<void(wire::ContentId const&)> search;
    };

    ManifestFetch(bus::Scheduler& scheduler, net::Executor& store, Hashes& hashes, Owner owner);
    ~ManifestFetch();
    ManifestFetch(ManifestFetch const&) = delete;
    ManifestFetch& operator=(ManifestFetch const&) = delete;

    void want(std::vector<swarm::ManifestFetcher::Want> const& wants);
    void add_source(wire::ContentId const& content, wire::Endpoint const& source);
    void on_search_done(wire::ContentId const& content);
    /// Checks one that this peer has itself.
    void check_own(wire::ContentId const& content, std::shared_ptr<std::string const> bytes,
                   std::function<void(Checked const&)> then);
    /// The owner is told nothing any more.
    void stop();

  private:
    void pump();
    void ask(swarm::ManifestFetcher::Ask const& ask);
    void on_answer(wire::Endpoint const& source, Result<wire::Message> answer);
    void check(std::vector<swarm::ManifestFetcher::Check> checks);
    template <typename Work, typename Then>
    void on_store_thread(std::uint64_t bytes, Work work, Then then);

    bus::Scheduler& scheduler_;
    net::Executor& store_;
    Hashes& hashes_;
    Owner owner_;
    swarm::ManifestFetcher fetcher_;
    net::Alarm alarm_;
    bool stopped_ = false;
};

}  // namespace xfsbus::peer::jobs
