#pragma once

#include "storage/part_reader.hpp"

#include <xfsbus/swarm/content_state.hpp>
#include <xfsbus/swarm/indexed_file.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace xfsbus::peer::jobs {

class FileTransfer;

/// That others may have what is here of a file which is being fetched; until this is destroyed.
/// Reactor thread.
class Offer {
  public:
    Offer() = default;
    virtual ~Offer() = default;
    Offer(Offer const&) = delete;
    Offer& operator=(Offer const&) = delete;

    /// Where it is served.
    [[nodiscard]] virtual std::uint16_t port() const = 0;
    /// So much of it is here now. `manifest`: its canonical bytes.
    virtual void announce(std::uint32_t ppm, std::shared_ptr<std::string const> manifest) = 0;
    /// It is whole and in place: from now on that file is served, and so stays offered.
    virtual void complete(swarm::IndexedFile const& file) = 0;
};

/// What others may have of that which a peer fetches. Reactor thread.
class Offers {
  public:
    Offers() = default;
    virtual ~Offers() = default;
    Offers(Offers const&) = delete;
    Offers& operator=(Offers const&) = delete;

    /// Offers what is here of a content, and what comes, under this name. Other peers that fetch
    /// it, too, become sources of `transfer`, which must outlive the offer. null: this peer shares
    /// nothing, or another transfer offers the same content.
    virtual std::unique_ptr<Offer> begin(FileTransfer& transfer,
                                         std::shared_ptr<swarm::ContentState> content,
                                         std::string const& name,
                                         std::shared_ptr<storage::PartReader const> reader) = 0;

    /// A file was put in place, offered before or not.
    virtual void on_fetched(swarm::IndexedFile const& file) = 0;
};

}  // namespace xfsbus::peer::jobs
