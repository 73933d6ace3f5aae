#include "plugin_library.hpp"
#include "trust.hpp"

#include <xfsbus/policies/host/hash_algorithm.hpp>
#include <xfsbus/policies/host/plugin_listing.hpp>

#include <algorithm>
#include <memory>
#include <system_error>

namespace xfsbus::policies {

namespace fs = std::filesystem;

PluginListing check_plugin(fs::path const& path,
                           std::vector<std::pair<std::string, std::string>> const& parameters) {
    PluginListing listing{{path, {}, {}, {}, {}, {}, {}}, {}};
    try {
        auto const plugin = load_library(path, "", parameters, std::make_shared<PolicyHost>());
        static_cast<PluginInfo&>(listing) = plugin->info();
        // What loading tries, so that the answer is the same: a hash has to tell its size as well.
        if (listing.kind == XFSBUS_KIND_INTEGRITY) {
            HashAlgorithm const trial(plugin);
        } else {
            try_out(plugin);
        }
    } catch (std::exception const& e) {
        listing.problem = e.what();
    }
    return listing;
}

std::vector<PluginListing> find_plugins(PluginPath const& path) {
    std::vector<PluginListing> found;
    for (auto const& directory : path.directories()) {
        std::vector<fs::path> files;
        std::error_code error;
        // A directory that is missing or closed to us has no plug-ins.
        for (fs::directory_iterator it(directory, error), end; !error && it != end;
             it.increment(error)) {
            if (it->path().extension() == ".so") {
                files.push_back(it->path());
            }
        }
        std::sort(files.begin(), files.end());
        for (auto const& file : files) {
            PluginListing listing;
            listing.path = file;
            if (auto const problem = why_distrusted(file)) {
                listing.problem = distrusted(file, *problem).what();
            }
            found.push_back(std::move(listing));
        }
    }
    return found;
}

std::vector<PluginListing> list_plugins(PluginPath const& path) {
    auto listings = find_plugins(path);
    for (auto& listing : listings) {
        if (listing.problem.empty()) {
            listing = check_plugin(listing.path);
        }
    }
    return listings;
}

}  // namespace xfsbus::policies
