#pragma once

#include "runtime/readings.hpp"
#include "storage/part_reader.hpp"

#include <xfsbus/peer/reader.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>

#include <sys/types.h>

namespace xfsbus::peer::runtime {

class Engine;

/// What the handles of one Reader share. Any thread.
class OpenFile {
  public:
    /// Whoever holds it keeps the reading open: when nobody does any more, it is closed.
    using Ticket = std::shared_ptr<void const>;

    OpenFile(std::weak_ptr<Engine> engine, Readings::Opened opened, std::uint64_t number,
             Ticket ticket);

    [[nodiscard]] std::string const& name() const { return opened_.about.name; }

    [[nodiscard]] std::string const& content() const { return content_; }

    [[nodiscard]] std::uint64_t size() const { return opened_.about.size; }

    /// As Reader::read.
    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> buffer, Wait const& wait);

    /// As Reader::send.
    Result<std::optional<std::size_t>> send(int socket, std::uint64_t offset, std::uint64_t most,
                                            Wait const& wait);

    Status wait_until_whole(Wait const& wait);

  private:
    using Here = jobs::Stream::Here;

    /// What is known of a part of the file.
    struct Known {
        std::uint64_t begin = 0;
        Here here;
    };

    [[nodiscard]] Result<Here> find(std::uint64_t offset, Wait const& wait);
    [[nodiscard]] Result<Here> ask(std::uint64_t offset, Wait const& wait) const;
    Status read_from(storage::PartReader const& file, Here const& here, std::uint64_t offset,
                     std::span<std::byte> buffer) const;
    [[nodiscard]] Status read_published(index::PublishedBytes const* bytes, std::uint64_t offset,
                                        std::span<std::byte> buffer) const;
    [[nodiscard]] Result<std::shared_ptr<storage::PartReader const>> in_place();
    [[nodiscard]] Result<std::optional<std::size_t>> not_sent(ssize_t result, int error) const;
    [[nodiscard]] Error changed() const;

    std::weak_ptr<Engine> engine_;
    Readings::Opened opened_;
    std::string content_;
    std::uint64_t number_;
    Ticket ticket_;
    std::mutex mutex_;
    Known known_;                                      // guarded by mutex_
    std::shared_ptr<storage::PartReader const> file_;  // the same; null: not opened yet
};

}  // namespace xfsbus::peer::runtime
