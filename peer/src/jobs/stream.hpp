#pragma once

#include "storage/part_reader.hpp"

#include <xfsbus/swarm/content_state.hpp>
#include <xfsbus/swarm/indexed_file.hpp>
#include <xfsbus/wire/ids.hpp>
#include <xfsbus/wire/result.hpp>

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace xfsbus::peer::jobs {

/// One file as those see it who read it while it is fetched: how far it is here from a byte on, and
/// from what it can be read. A FileTransfer tells it how that stands; whoever waits for a byte is
/// answered once. Reactor thread.
class Stream {
  public:
    /// So much is asked for before all else, from the byte on that somebody waits for.
    static constexpr std::uint64_t ahead_bytes = 32ULL * 1024 * 1024;
    /// No answer covers more, so that the questions show where somebody reads.
    static constexpr std::uint64_t answer_bytes = 4ULL * 1024 * 1024;

    /// In place of an offset: what is waited for is that the file has its name.
    static constexpr auto whole = std::numeric_limits<std::uint64_t>::max();

    struct About {
        std::string name;  ///< below the directory
        wire::ContentId content;
        std::uint64_t size = 0;
    };

    /// What is verified and on disk.
    struct Here {
        std::uint64_t end = 0;  ///< from the byte that was asked for to before this one
        std::shared_ptr<storage::PartReader const> part;  ///< null: read the file itself
        std::optional<swarm::FileStamp> stamp;  ///< of the file, if it is whole and has its name
    };

    using Who = std::weak_ptr<void const>;
    template <typename T>
    using Then = std::function<void(Result<T>)>;

    // ---- the one who fetches it ----

    struct Source {
        std::shared_ptr<swarm::ContentState const> content;
        std::shared_ptr<storage::PartReader const> part;  ///< null: it is read when it is whole
        /// Fetch first what begins here. May not call back.
        std::function<void(std::uint64_t position)> fetch_from;
    };

    /// It is being fetched; perhaps once more. If it is another content by now, this stream ends.
    void begin(About const& about, Source source);
    /// There is more of it.
    void gained();
    /// It has its name.
    void complete(About const& about, swarm::FileStamp const& stamp);
    /// No more of it will come; what is whole stays so. The first word counts.
    void fail(Error const& why);

    /// Nothing will change any more.
    [[nodiscard]] bool over() const { return stamp_ || failure_; }

    // ---- those who read it; `then` is called once, perhaps at once, if `who` is still there ----

    void when_begun(Who who, Then<About> then);
    void when_here(std::uint64_t offset, Who who, Then<Here> then);

  private:
    struct Waiting {
        std::uint64_t offset = 0;
        Who who;
        Then<Here> then;
    };

    struct Beginning {
        Who who;
        Then<About> then;
    };

    [[nodiscard]] std::optional<Here> here(std::uint64_t offset) const;
    void tell_begun();
    void fetch_for_first() const;

    std::optional<About> about_;
    Source source_;
    std::optional<swarm::FileStamp> stamp_;
    std::optional<Error> failure_;
    std::vector<Beginning> beginning_;
    std::vector<Waiting> waiting_;  ///< the one that has waited longest first
};

}  // namespace xfsbus::peer::jobs
