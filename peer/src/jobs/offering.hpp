#pragma once

#include "jobs/services.hpp"
#include "storage/part_file.hpp"

#include <xfsbus/swarm/chunk_set.hpp>

#include <cstdint>
#include <memory>

namespace xfsbus::peer::jobs {

/// Lets others have what is here of a file that is being fetched: offers it to sinks and tells the
/// tracker, until it is whole or given up. Reactor thread.
class Offering {
  public:
    Offering(Services& services, storage::PartFile::Target const& target) : services_(services) {
        file_.name = target.name;
        file_.content = target.content;
        file_.size = target.manifest->file_bytes;
        layout_ = target.manifest->layout();
    }

    /// Gives up what is still offered.
    ~Offering();
    Offering(Offering const&) = delete;
    Offering& operator=(Offering const&) = delete;

    /// Does nothing if this peer shares nothing, or offers the same content for another download.
    /// `manifest`: its canonical bytes.
    void begin(swarm::ChunkSet const& has, std::shared_ptr<std::string const> manifest,
               std::shared_ptr<storage::PartReader const> reader);
    void on_stored(std::uint32_t chunk);
    /// It is whole and is shared as this file from now on.
    void on_complete(swarm::IndexedFile const& file);

    [[nodiscard]] bool active() const { return active_; }

  private:
    [[nodiscard]] std::uint32_t ppm_here() const;
    void announce();

    Services& services_;
    swarm::PartialFile file_;
    wire::FileLayout layout_;
    std::uint32_t stored_ = 0;
    bool active_ = false;
};

}  // namespace xfsbus::peer::jobs
