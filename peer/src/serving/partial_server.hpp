#pragma once

#include "index/served_files.hpp"

#include <xfsbus/swarm/content_state.hpp>
#include <xfsbus/swarm/indexed_file.hpp>
#include <xfsbus/wire/endpoint.hpp>
#include <xfsbus/wire/ids.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

namespace xfsbus::peer::serving {

/// Serves what is here of contents that are being fetched. Reactor thread.
class PartialServer {
  public:
    /// Reads a part of a content into the buffer. One reading thread.
    using Read = std::function<index::ReadOutcome(std::span<std::byte>, std::uint64_t offset)>;

    PartialServer() = default;
    virtual ~PartialServer() = default;
    PartialServer(PartialServer const&) = delete;
    PartialServer& operator=(PartialServer const&) = delete;

    /// Where others ask for it.
    [[nodiscard]] virtual wire::Endpoint const& endpoint() const = 0;

    /// Offers what is here of a content, and what comes, under this name. False: another download
    /// offers the same one.
    virtual bool offer(std::shared_ptr<swarm::ContentState> content, std::string const& name,
                       Read read) = 0;
    /// It is whole and shared as this file: from now on that is what is read.
    virtual void completed(wire::ContentId const& content, swarm::IndexedFile const& file) = 0;
    /// It is not offered any more: whoever fetches it from here is told.
    virtual void withdraw(wire::ContentId const& content) = 0;
};

}  // namespace xfsbus::peer::serving
