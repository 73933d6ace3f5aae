#pragma once

#include <xfsbus/policies/host/hash_algorithm.hpp>
#include <xfsbus/policies/host/plugin_path.hpp>
#include <xfsbus/wire/result.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace xfsbus::peer::jobs {

/// The integrity plug-ins in use, by the name that manifests know them by. Any thread; loading one
/// reads files, so that a name which a stranger chose is asked for on a pool's thread first.
///
/// Whoever makes a manifest chooses its algorithm, and a content id promises no more than the
/// weakest that is accepted (PROTOCOL.md, "Manifest"): so that only some are.
class Hashes {
  public:
    /// One that there is no plug-in for is not looked for again for so long.
    static constexpr auto missing_for = std::chrono::seconds(10);

    /// `accepted`: beside the standard ones, and those that are put.
    Hashes(policies::PluginPath path, std::shared_ptr<policies::PolicyHost> host,
           std::vector<std::string> const& accepted = {});

    void put(std::shared_ptr<policies::HashAlgorithm const> algorithm);
    /// One that is used where no plug-in of its name can be loaded.
    void put_built_in(std::shared_ptr<policies::HashAlgorithm const> algorithm);
    /// Loads it if need be. Errc::plugin if that name is not accepted, or there is none of it.
    Result<std::shared_ptr<policies::HashAlgorithm const>> get(std::string const& name);

  private:
    using Found = Result<std::shared_ptr<policies::HashAlgorithm const>>;

    struct Missing {
        Error error;
        std::chrono::steady_clock::time_point until;
    };

    [[nodiscard]] std::optional<Found> known(std::string const& name) const;
    Found load(std::string const& name);

    policies::PluginPath path_;
    std::shared_ptr<policies::PolicyHost> host_;
    std::set<std::string, std::less<>> accepted_;
    std::shared_ptr<policies::HashAlgorithm const> built_in_;
    std::mutex loading_;        ///< one is loaded at a time
    mutable std::mutex mutex_;  ///< guards what follows; not held while one is loaded
    std::map<std::string, std::shared_ptr<policies::HashAlgorithm const>> loaded_;
    std::map<std::string, Missing> missing_;  ///< of those that are accepted
};

}  // namespace xfsbus::peer::jobs
