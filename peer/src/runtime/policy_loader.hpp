#pragma once

#include "runtime/peer_threads.hpp"
#include "threads/worker_pool.hpp"

#include <xfsbus/policies/host/peer_policy.hpp>
#include <xfsbus/policies/host/plugin_path.hpp>
#include <xfsbus/policies/host/policy_host.hpp>
#include <xfsbus/wire/result.hpp>

#include <functional>
#include <memory>
#include <string>

namespace xfsbus::peer::runtime {

/// Loads policies one after the other, on a thread that nobody waits for. A plug-in may take
/// seconds to load, and nothing can stop it: the end of this object does not wait for that. Any
/// thread.
class PolicyLoader {
  public:
    /// One policy to be loaded.
    struct Order {
        std::string spec;
        std::function<bool()> is_wanted;  ///< else it is not loaded when its turn comes
        /// Called on the loading thread, and not after this object's end; may not end this object.
        std::function<void(Result<policies::PeerPolicyFactory>)> on_loaded;
    };

    /// `on_fault` is not called after this object's end, either.
    PolicyLoader(policies::PluginPath path, std::shared_ptr<policies::PolicyHost> host,
                 std::shared_ptr<PeerThreads> threads, threads::WorkerPool::OnFault on_fault);
    /// What waits for its turn is dropped. What is being loaded is left to its thread, and told to
    /// nobody.
    ~PolicyLoader();
    PolicyLoader(PolicyLoader const&) = delete;
    PolicyLoader& operator=(PolicyLoader const&) = delete;

    void load(Order order);

  private:
    struct Shared;

    std::shared_ptr<Shared> shared_;
    std::shared_ptr<PeerThreads> threads_;
    std::unique_ptr<threads::WorkerPool> pool_;
};

}  // namespace xfsbus::peer::runtime
