#pragma once

#include "deadline.hpp"
#include "library_file.hpp"
#include "plugin_call.hpp"
#include "plugin_services.hpp"

#include <xfsbus/policies/abi.h>
#include <xfsbus/policies/host/plugin_info.hpp>
#include <xfsbus/policies/host/plugin_path.hpp>
#include <xfsbus/policies/host/plugin_spec.hpp>
#include <xfsbus/policies/host/policy_host.hpp>
#include <xfsbus/policies/sized.hpp>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace xfsbus::policies {

/// An object that a plug-in created, destroyed by the plug-in; the services that it was given stay
/// until then.
class PolicyObject {
  public:
    PolicyObject(void* object, void (*deleter)(void*),
                 std::shared_ptr<PluginServices const> services)
        : services_(std::move(services)), object_(object), destroy_(deleter) {}

    PolicyObject(PolicyObject&& other) noexcept
        : services_(std::move(other.services_)),
          object_(std::exchange(other.object_, nullptr)),
          destroy_(other.destroy_) {}

    PolicyObject(PolicyObject const&) = delete;
    PolicyObject& operator=(PolicyObject const&) = delete;
    PolicyObject& operator=(PolicyObject&&) = delete;

    /// Whether the plug-in does this well was seen at its trial; now nobody could do anything.
    ~PolicyObject() {
        try {
            destroy();
        } catch (...) {  // NOLINT(bugprone-empty-catch)
        }
    }

    [[nodiscard]] void* get() const { return object_; }

    /// Before the end of the scope, to see whether it succeeds. Throws PolicyFault.
    void destroy() {
        if (void* const object = std::exchange(object_, nullptr)) {
            auto mark = services_->mark();
            CallMark::Call const marked(mark, "destroy");
            call_plugin([&] { destroy_(object); });
        }
    }

  private:
    std::shared_ptr<PluginServices const> services_;
    void* object_;
    void (*destroy_)(void*);
};

/// A plug-in that is mapped, or is the program's own, whose descriptor makes sense and whose
/// parameters are known to it. Immutable; safe to use from several threads.
class PluginLibrary {
  public:
    using Parameters = std::vector<std::pair<std::string, std::string>>;

    /// kind: one of XFSBUS_KIND_..., or empty for any. Throws PluginRefused.
    PluginLibrary(LibraryFile const& file, std::string_view kind, Parameters const& parameters,
                  std::shared_ptr<PolicyHost> host);

    /// Of the program's own: what a plug-in would export, which stays as long as `context` does. Of
    /// any kind; its parameters are the default ones. Throws PluginRefused.
    PluginLibrary(::xfsbus_descriptor const& own, std::shared_ptr<void> context,
                  std::shared_ptr<PolicyHost> host);

    [[nodiscard]] PluginInfo const& info() const { return info_; }

    /// The same, whose objects are given what another host lends.
    [[nodiscard]] std::shared_ptr<PluginLibrary const> for_host(
        std::shared_ptr<PolicyHost> host) const;

    /// The operations; the kind says which. What the plug-in does not have is null.
    template <class Operations>
    [[nodiscard]] Operations operations() const {
        return sized_copy(*static_cast<Operations const*>(descriptor_.operations));
    }

    /// A new object with these parameters. Throws PolicyFault with the plug-in's reason alone.
    [[nodiscard]] PolicyObject create() const;

    /// What errors call it: the file, or the name of the program's own.
    [[nodiscard]] std::string called() const;

    /// The refusal of a plug-in whose objects are no good, for this reason.
    [[nodiscard]] PluginRefused refused(std::string const& reason) const;

  private:
    ::xfsbus_descriptor descriptor_;
    PluginInfo info_;
    std::shared_ptr<PluginServices const> services_;
};

/// Loads a plug-in, in time. kind: as for PluginLibrary. Throws PluginRefused.
[[nodiscard]] std::shared_ptr<PluginLibrary const> load_library(
    std::filesystem::path const& path, std::string_view kind,
    PluginLibrary::Parameters const& parameters, std::shared_ptr<PolicyHost> const& host);

/// The same for the one that a user means.
[[nodiscard]] std::shared_ptr<PluginLibrary const> load_library(
    PluginSpec const& spec, PluginPath const& path, std::string_view kind,
    std::shared_ptr<PolicyHost> const& host);

/// Creates an object, asks it something and destroys it, in time: so it is known before a plug-in
/// is used whether it can. Throws PluginRefused if it cannot.
template <class Ask>
auto try_out(std::shared_ptr<PluginLibrary const> const& plugin, Ask ask) {
    return in_time(plugin->called(), [plugin = plugin, ask] {
        try {
            auto object = plugin->create();
            auto answer = call_plugin([&] { return ask(object.get()); });
            object.destroy();
            return answer;
        } catch (PolicyFault const& fault) {
            throw plugin->refused(fault.what());
        }
    });
}

/// The same where there is nothing to ask.
inline void try_out(std::shared_ptr<PluginLibrary const> const& plugin) {
    try_out(plugin, [](void*) { return true; });
}

}  // namespace xfsbus::policies
