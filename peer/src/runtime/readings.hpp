#pragma once

#include "index/publications.hpp"
#include "jobs/download_task.hpp"
#include "jobs/stream.hpp"
#include "storage/tree.hpp"

#include <xfsbus/peer/reader.hpp>
#include <xfsbus/swarm/share_table.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace xfsbus::peer::runtime {

/// The files that Readers have open, and the downloads that go on for them. Reactor thread.
class Readings {
  public:
    struct Owner {
        swarm::ShareTable const& share;
        index::Publications const& published;       ///< what of the share is not in the tree
        std::shared_ptr<storage::Tree const> tree;  ///< where its files and those of downloads are
        std::function<std::shared_ptr<jobs::DownloadTask>(jobs::DownloadTask::Order,
                                                          jobs::DownloadTask::OnDone)>
            download;
        /// Lets a stream join a download under way that fetches this; see DownloadTask::join.
        std::function<bool(std::string const& name, std::string const& id,
                           std::shared_ptr<jobs::Stream> const&)>
            join;
    };

    /// What a Reader knows of its file.
    struct Opened {
        jobs::Stream::About about;
        std::optional<swarm::FileStamp> stamp;  ///< of the file, if it was here already
        std::shared_ptr<storage::Tree const> tree;
        /// Set: it is published, and gone with that.
        std::optional<std::weak_ptr<index::PublishedBytes const>> published{};
    };

    using Who = jobs::Stream::Who;

    explicit Readings(Owner owner) : owner_(std::move(owner)) {}

    /// `number`: of the Reader; no two have the same. Whoever opens has to close, whatever it is
    /// answered. Who opens what others have open reads their download.
    void open(std::uint64_t number, std::string const& name, OpenOptions const& options,
              Who const& who, jobs::Stream::Then<Opened> const& then);
    /// See Stream::when_here.
    void when_here(std::uint64_t number, std::uint64_t offset, Who const& who,
                   jobs::Stream::Then<jobs::Stream::Here> then);
    /// With its last Reader a download ends, unless it is to be kept.
    void close(std::uint64_t number);

    /// The peer ends, which those who wait are told by others.
    void abandon() { abandoned_ = true; }

  private:
    struct Reading {
        std::shared_ptr<jobs::Stream> stream = std::make_shared<jobs::Stream>();
        std::weak_ptr<jobs::DownloadTask> task;  ///< that was begun for it
        std::size_t readers = 0;
        bool keep = false;
    };

    [[nodiscard]] std::optional<Opened> shared_here(std::string const& name) const;
    std::shared_ptr<Reading> reading_of(std::string const& name, OpenOptions const& options);
    void begin(std::shared_ptr<Reading> const& reading, std::string const& name,
               OpenOptions const& options);

    Owner owner_;
    std::map<std::uint64_t, std::shared_ptr<Reading>> open_;  ///< by the number of the Reader
    std::map<std::string, std::weak_ptr<Reading>> by_name_;   ///< as it was asked for
    bool abandoned_ = false;
};

}  // namespace xfsbus::peer::runtime
