#include "check.hpp"
#include "platform/parse.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string_view>

// A platform's file, and the ways between its first hosts.

using namespace xfsbus;
using namespace xfsbus::lab::platform;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t count) {
    auto const platform =
        parse(std::string_view(reinterpret_cast<char const*>(data), count), "p.xml");
    if (!platform) {
        must(platform.error().message.starts_with("p.xml:"));
        return 0;
    }
    must(platform->hosts() > 0);
    constexpr std::size_t looked_at = 8;
    auto const hosts = static_cast<HostIndex>(std::min(platform->hosts(), looked_at));
    for (HostIndex from = 0; from < hosts; ++from) {
        must(platform->host(platform->name(from)) == from);
        for (HostIndex to = 0; to < hosts; ++to) {
            auto const path = platform->path(from, to);
            if (!path) {
                continue;
            }
            std::set<LinkIndex> const different(path->links.begin(), path->links.end());
            must(different.size() == path->links.size());
            must(path->links.size() <= limits::path_links);
            must(path->latency >= wire::Duration());
            must(from == to || path->most || !path->links.empty());
        }
    }
    return 0;
}
