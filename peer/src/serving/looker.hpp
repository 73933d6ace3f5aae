#pragma once

#include "index/publications.hpp"
#include "storage/tree.hpp"
#include "threads/worker_pool.hpp"

#include <xfsbus/bus/reactor.hpp>
#include <xfsbus/swarm/look_budget.hpp>
#include <xfsbus/swarm/share_table.hpp>
#include <xfsbus/wire/ids.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace xfsbus::peer::serving {

/// Looks whether files of the share are still what the index says of them, for those who ask.
/// Reactor thread; the disk, which may take its time, is looked at on a thread of a crew.
class Looker {
  public:
    /// Of contents that wait to be looked at.
    static constexpr std::size_t waiting_most = 4096;
    /// Names of one content that are looked at: the empty one may have thousands.
    static constexpr std::size_t names_most = 4;
    /// After so long the answer is what is known by then.
    static constexpr auto patience = std::chrono::milliseconds(500);

    struct Owner {
        swarm::ShareTable const& share;
        index::Publications const& published;  ///< what of the share is not in the directory
        std::shared_ptr<storage::Tree const> tree;
        /// How much is here of a content that is being fetched, in ppm.
        std::function<std::uint32_t(wire::ContentId const&)> partial_ppm;
        std::function<void(std::string const& name)> on_stale;  ///< a file is not what was indexed
    };

    /// In ppm, of the first contents that were asked about; of the others nothing is known.
    using OnLooked = std::function<void(std::vector<std::uint32_t> have)>;

    /// The crew outlives it.
    Looker(bus::Reactor& reactor, threads::Crew& disk, Owner owner);
    Looker(Looker const&) = delete;
    Looker& operator=(Looker const&) = delete;

    /// For whoever asks from this address, within what it may ask. Answers once, perhaps at once.
    void look_for(std::string const& address, std::vector<wire::ContentId> contents,
                  OnLooked const& on_looked);
    /// The same for this peer itself.
    void look(std::vector<wire::ContentId> const& contents, OnLooked const& on_looked);

  private:
    struct File {
        std::string name;
        swarm::FileStamp stamp;
        index::Publications::Bytes published{};  ///< null: it is in the directory
    };

    /// What is to be looked at for one content.
    struct Task {
        std::uint32_t partial_ppm = 0;
        std::vector<File> files;  ///< one of which has to be there
        bool all_names = true;    ///< it has no others
    };

    struct Looking;
    enum class Seen : std::uint8_t { same, other, not_now };

    [[nodiscard]] Task task_of(wire::ContentId const& content) const;
    void start(std::vector<Task> tasks, OnLooked const& on_looked);
    static Seen see(storage::Tree const& tree, File const& file);
    static std::optional<std::uint32_t> look_at(storage::Tree const& tree, Task const& task,
                                                Looking& looking);
    static void work(storage::Tree const& tree, std::vector<Task> const& tasks, Looking& looking);
    void on_worked(Looking& looking);
    static void end(Looking& looking);

    [[nodiscard]] std::weak_ptr<bool> alive() const { return alive_; }

    bus::Reactor& reactor_;
    Owner owner_;
    swarm::LookBudget budget_;
    std::size_t waiting_ = 0;
    /// Expired once this object is gone.
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    threads::WorkerPool disk_;  // last: its tasks end first
};

}  // namespace xfsbus::peer::serving
