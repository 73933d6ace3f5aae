#include "runtime/policy_loader.hpp"

#include <xfsbus/bus/held_signals.hpp>
#include <xfsbus/policies/host/errors.hpp>
#include <xfsbus/policies/host/plugin_spec.hpp>

#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace xfsbus::peer::runtime {

/// What the thread uses, which may outlive the loader.
struct PolicyLoader::Shared {
    Shared(policies::PluginPath plugin_path, std::shared_ptr<policies::PolicyHost> plugin_host)
        : path(std::move(plugin_path)), host(std::move(plugin_host)) {}

    policies::PluginPath path;
    std::shared_ptr<policies::PolicyHost> host;

    std::mutex mutex;
    bool loading = false;
    bool over = false;  ///< the loader is gone

    /// False: the loader is gone.
    bool begin() {
        std::lock_guard const lock(mutex);
        loading = !over;
        return loading;
    }

    void end() {
        std::lock_guard const lock(mutex);
        loading = false;
    }

    /// Tells it, unless the loader is gone, which waits for it to be told.
    template <typename Tell>
    void tell(Tell const& what) {
        std::lock_guard const lock(mutex);
        if (!over) {
            what();
        }
    }

    [[nodiscard]] Result<policies::PeerPolicyFactory> load(std::string const& spec) const {
        try {
            return policies::load_peer_policy(policies::parse_plugin_spec(spec), path, host);
        } catch (policies::PluginRefused const& refused) {
            return Error{Errc::plugin, refused.what()};
        }
    }
};

PolicyLoader::PolicyLoader(policies::PluginPath path, std::shared_ptr<policies::PolicyHost> host,
                           std::shared_ptr<PeerThreads> threads,
                           threads::WorkerPool::OnFault on_fault)
    : shared_(std::make_shared<Shared>(std::move(path), std::move(host))),
      threads_(std::move(threads)),
      pool_(std::make_unique<threads::WorkerPool>(
          threads_->policies, 1,
          [shared = shared_, on_fault = std::move(on_fault)](std::exception_ptr const& fault) {
              shared->end();
              shared->tell([&] { on_fault(fault); });
          })) {}

PolicyLoader::~PolicyLoader() {
    bool const is_loading = [this] {
        std::lock_guard const lock(shared_->mutex);
        shared_->over = true;
        return shared_->loading;
    }();
    if (!is_loading) {
        return;
    }
    bus::HeldSignals const for_the_thread;
    try {
        std::thread([threads = threads_, pool = std::shared_ptr(std::move(pool_))]() mutable {
            pool.reset();
        }).detach();
    } catch (std::system_error const&) {  // NOLINT(bugprone-empty-catch): then it is waited for
    }
}

void PolicyLoader::load(Order order) {
    pool_->submit([shared = shared_, order = std::move(order)] {
        if (!order.is_wanted() || !shared->begin()) {
            return;
        }
        auto const loaded = shared->load(order.spec);
        shared->end();
        shared->tell([&] { order.on_loaded(loaded); });
    });
}

}  // namespace xfsbus::peer::runtime
