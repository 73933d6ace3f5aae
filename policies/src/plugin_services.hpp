#pragma once

#include <xfsbus/policies/abi.h>
#include <xfsbus/policies/host/call_mark.hpp>
#include <xfsbus/policies/host/plugin_info.hpp>
#include <xfsbus/policies/host/policy_host.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace xfsbus::policies {

/// What the objects of one plug-in share: made and destroyed by the plug-in. Any thread.
class SharedState {
  public:
    SharedState() = default;
    SharedState(SharedState const&) = delete;
    SharedState& operator=(SharedState const&) = delete;
    ~SharedState();

    /// Null if `make` fails; then it is tried again the next time.
    void* get(void* (*make)(), void (*destroy)(void*)) noexcept;

  private:
    std::mutex mutex_;
    void* state_ = nullptr;
    void (*destroy_)(void*) = nullptr;
};

/// The shared states of a host's plug-ins, each under what tells it from others. Any thread.
class PolicyHost::States {
  public:
    /// It stays where it is.
    SharedState& of(std::string const& plugin);

  private:
    std::mutex mutex_;
    std::map<std::string, SharedState> states_;
};

/// A host as the objects of one plug-in see it; outlives the last of them. Any thread.
class PluginServices {
  public:
    /// context: what the program gave with a policy of its own, which stays as long as this.
    PluginServices(std::shared_ptr<PolicyHost> host, PluginInfo const& plugin,
                   std::shared_ptr<void> context);
    PluginServices(PluginServices const&) = delete;
    PluginServices& operator=(PluginServices const&) = delete;
    ~PluginServices() = default;

    [[nodiscard]] ::xfsbus_services const& lent() const { return lent_; }

    /// For what watches a call of an object.
    [[nodiscard]] CallMark mark() const { return {name_, file_}; }

    [[nodiscard]] std::shared_ptr<void> const& context() const { return context_; }

  private:
    static void log(void* self, char const* text) noexcept;
    static std::uint64_t now_us(void* self) noexcept;
    static void* shared(void* self, void* (*make)(), void (*destroy)(void*)) noexcept;

    std::shared_ptr<void> context_;
    std::shared_ptr<PolicyHost> host_;
    std::string name_;
    std::string file_;
    SharedState& state_;
    ::xfsbus_services lent_;
};

}  // namespace xfsbus::policies
