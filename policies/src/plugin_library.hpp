#pragma once

#include <xfsbus/policies/abi.h>
#include <xfsbus/policies/host/plugin_info.hpp>
#include <xfsbus/policies/host/plugin_path.hpp>
#include <xfsbus/policies/host/plugin_spec.hpp>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xfsbus::policies {

/// An object that a plug-in created, destroyed by the plug-in.
using PolicyObject = std::unique_ptr<void, void (*)(void*)>;

/// A plug-in that is mapped, whose descriptor makes sense and whose parameters are known to it.
/// Immutable; safe to use from several threads.
class PluginLibrary {
  public:
    /// kind: one of XFS_KIND_..., or empty for any. Throws PluginRefused.
    PluginLibrary(std::filesystem::path const& path, std::string_view kind,
                  std::vector<std::pair<std::string, std::string>> const& parameters);

    [[nodiscard]] PluginInfo const& info() const { return info_; }

    /// The operations; the kind says which.
    template <class Operations>
    [[nodiscard]] Operations const& operations() const {
        return *static_cast<Operations const*>(descriptor_->operations);
    }

    /// A new object with these parameters. Throws PolicyFault with the plug-in's reason alone.
    [[nodiscard]] PolicyObject create() const;

    /// create(), but failing is a reason to refuse the plug-in.
    [[nodiscard]] PolicyObject create_for_trial() const;

  private:
    ::xfs_descriptor const* descriptor_;
    PluginInfo info_;
};

/// Finds, checks and loads the plug-in that a user means. Throws PluginRefused.
[[nodiscard]] std::shared_ptr<PluginLibrary const> load_library(PluginSpec const& spec,
                                                                PluginPath const& path,
                                                                std::string_view kind);

}  // namespace xfsbus::policies
