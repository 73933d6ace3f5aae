#pragma once

#include <xfsbus/policies/host/errors.hpp>
#include <xfsbus/policies/host/plugin_info.hpp>
#include <xfsbus/policies/host/plugin_path.hpp>
#include <xfsbus/policies/host/plugin_spec.hpp>
#include <xfsbus/policies/host/policy_host.hpp>
#include <xfsbus/policies/integrity.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace xfsbus::policies {

class PluginLibrary;

/// A hash function: of a loaded integrity plug-in, or of the program's own. Immutable; safe to use
/// from several threads.
class HashAlgorithm {
  public:
    static constexpr std::size_t min_digest_size = 32;
    static constexpr std::size_t max_digest_size = 64;

    /// For load_integrity. Creates an object as a trial and asks for its digest size; throws
    /// PluginRefused if either is no good.
    explicit HashAlgorithm(std::shared_ptr<PluginLibrary const> plugin);

    using Make = std::function<std::unique_ptr<Integrity>()>;

    /// Of the program's own. `make` may be called by any thread, several at a time. Throws what it
    /// throws, and PluginRefused if its digests are too short or too long.
    HashAlgorithm(PluginInfo about, Make make);

    [[nodiscard]] PluginInfo const& info() const { return info_; }

    /// As it stands in manifests.
    [[nodiscard]] std::string const& name() const { return info().name; }

    [[nodiscard]] std::size_t digest_size() const { return digest_size_; }

    /// A new hash, for one thread; any thread may call this. The hash throws PolicyFault when the
    /// plug-in fails; there is no other way to check bytes, so nothing to fall back to.
    [[nodiscard]] std::unique_ptr<Integrity> make() const { return make_(); }

  private:
    void check_digest_size() const;

    PluginInfo info_;
    std::size_t digest_size_ = 0;
    Make make_;
};

/// Finds, checks and loads a plug-in. Throws PluginRefused. host: what its objects are given; by
/// default one that nothing else uses.
[[nodiscard]] std::shared_ptr<HashAlgorithm const> load_integrity(
    PluginSpec const& spec, PluginPath const& path,
    std::shared_ptr<PolicyHost> const& host = std::make_shared<PolicyHost>());

/// The algorithm that a manifest names. The name may come from a stranger: it has to be
/// [a-z0-9-]{1,32}, is looked for in the path's directories alone, and has to be what the plug-in
/// calls itself. Throws PluginRefused.
[[nodiscard]] std::shared_ptr<HashAlgorithm const> load_integrity_by_name(
    std::string const& name, PluginPath const& path,
    std::shared_ptr<PolicyHost> const& host = std::make_shared<PolicyHost>());

/// The digest of one message. For many, make() one hash and reuse it. Throws PolicyFault.
[[nodiscard]] std::vector<std::byte> digest(HashAlgorithm const& algorithm,
                                            std::span<std::byte const> message);

}  // namespace xfsbus::policies
