#pragma once

#include <xfsbus/policies/host/guarded_upload_choice.hpp>
#include <xfsbus/policies/host/plugin_info.hpp>
#include <xfsbus/policies/host/plugin_path.hpp>
#include <xfsbus/policies/host/plugin_spec.hpp>
#include <xfsbus/policies/host/policy_host.hpp>

#include <memory>

namespace xfsbus::policies {

class PluginLibrary;

/// A loaded upload-choice plug-in with its parameters: makes the object that a peer asks.
/// Immutable; safe to use from several threads.
class UploadChoiceFactory {
  public:
    /// For load_upload_choice. Creates an object as a trial; throws PluginRefused if that fails.
    explicit UploadChoiceFactory(std::shared_ptr<PluginLibrary const> plugin);

    [[nodiscard]] PluginInfo const& info() const;

    /// A new upload choice. The plug-in creates an object, which may take its time: not for a
    /// thread that others wait for. If it cannot, though it could before, the default decides all;
    /// strict: PolicyFault.
    [[nodiscard]] std::unique_ptr<GuardedUploadChoice> make(GuardOptions options = {}) const;

  private:
    std::shared_ptr<PluginLibrary const> plugin_;
};

/// Finds, checks and loads a plug-in. Throws PluginRefused; there is no silent default. host: what
/// its objects are given; by default one that nothing else uses.
[[nodiscard]] std::shared_ptr<UploadChoiceFactory const> load_upload_choice(
    PluginSpec const& spec, PluginPath const& path,
    std::shared_ptr<PolicyHost> const& host = std::make_shared<PolicyHost>());

}  // namespace xfsbus::policies
