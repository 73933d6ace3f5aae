#pragma once

#include "index/publications.hpp"
#include "index/share_index.hpp"
#include "jobs/hashes.hpp"
#include "net/executor.hpp"
#include "runtime/examined.hpp"
#include "storage/tree.hpp"

#include <xfsbus/bus/scheduler.hpp>
#include <xfsbus/peer/publish.hpp>
#include <xfsbus/policies/host/hash_algorithm.hpp>
#include <xfsbus/swarm/share_table.hpp>
#include <xfsbus/wire/result.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>

namespace xfsbus::peer::runtime {

/// What the program shares without putting it into the directory: describes it, takes it in, gives
/// it back, and looks at it again when somebody says that it is not what it was. Reactor thread.
class Publisher {
  public:
    /// What is written to for longer than this cannot be published.
    static constexpr auto changing_most = std::chrono::seconds(30);
    /// Sinks say when bytes are not what they should be, and may be wrong, or worse: each name is
    /// looked at no more often than this for it, and no more than so many names in that time.
    static constexpr auto look_every = std::chrono::minutes(1);
    static constexpr auto looks_most = index::ShareIndex::verified_most;

    struct Owner {
        bus::Scheduler& scheduler;
        net::Executor& readers;
        index::Publications& published;
        swarm::ShareTable const& share;
        std::shared_ptr<storage::Tree const> tree;  ///< null: no directory is shared
        jobs::Hashes& hashes;
        std::shared_ptr<policies::HashAlgorithm const> integrity;
        std::size_t most = 0;  ///< that may be published at once
        /// It is shared from now on, or as it is now.
        std::function<void(swarm::IndexedFile)> on_shared;
        /// It is shared no more.
        std::function<void(swarm::IndexedFile const&)> on_unshared;
        /// Calls back when the tracker has been told, or cannot be.
        std::function<void(std::function<void()>)> when_told;
        std::function<void(std::string const&)> warn;
    };

    struct Order {
        std::string name;
        index::Publications::Bytes bytes;
        std::string manifest;  ///< empty: not known
    };

    using OnDone = std::function<void(Result<Published>)>;
    using Cancel = std::function<void()>;

    explicit Publisher(Owner owner);
    ~Publisher();
    Publisher(Publisher const&) = delete;
    Publisher& operator=(Publisher const&) = delete;

    /// As Peer::start_publish; answers once. Returns what cancels it.
    Cancel start(Order order, OnDone on_done);

    /// As Peer::unpublish; `on_gone` may be called on any thread, or at once, and once unless this
    /// is not there any more.
    void unpublish(std::string const& name, std::function<void(Status)> const& on_gone);

    /// Somebody found it changed: it is compared with its stamp, and read if that is another.
    void recheck(std::string const& name) { look_again(name, false); }

    /// Somebody says that its bytes are not what they should be: it is read.
    void verify(std::string const& name) { look_again(name, true); }

  private:
    struct Task;
    struct Look;
    [[nodiscard]] Status may_publish(std::string const& name) const;
    void examine(std::shared_ptr<Task> const& task);
    void on_examined(std::shared_ptr<Task> const& task, Examined seen);
    void commit(std::shared_ptr<Task> const& task, swarm::IndexedFile file);
    void finish(std::shared_ptr<Task> const& task, Result<Published> const& result);
    void look_again(std::string const& name, bool doubted);
    [[nodiscard]] bool may_doubt();
    void look(std::shared_ptr<Look> const& look);
    void on_looked(std::shared_ptr<Look> const& look, index::HashOutcome outcome);
    void end(std::string const& name, std::function<void()> on_gone);
    void withdraw(std::string const& name, std::string const& why);
    void give_back(index::Publications::Bytes bytes);

    Owner owner_;
    std::map<std::string, std::shared_ptr<Task>> tasks_;  ///< under way, by name
    std::map<std::string, std::shared_ptr<Look>> looks_;  ///< the last one at each name
    wire::Time doubted_since_{};
    std::size_t doubted_ = 0;  ///< since then
    std::stop_source stop_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace xfsbus::peer::runtime
