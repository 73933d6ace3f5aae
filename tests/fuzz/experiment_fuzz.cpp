#include "check.hpp"
#include "experiment/parse.hpp"
#include "experiment/population.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// An experiment's file; what follows its first zero byte is the content of whatever file it names.

using namespace xfsbus;
using namespace xfsbus::lab::experiment;

namespace {

/// What a run of it begins with: peers with links, and latencies between them.
void check_run(Experiment const& experiment) {
    must(situation_hash(experiment).size() == 64);
    must(!experiment.policies.empty() && !experiment.seeds.empty());
    constexpr std::uint64_t peers_most = 2000;  // more take long
    if (peers_of(experiment) > peers_most) {
        return;
    }
    auto const peers = draw(experiment, experiment.seeds.front());
    must(peers.size() == peers_of(experiment));
    constexpr std::size_t looked_at = 16;
    for (std::size_t from = 0; from < std::min(peers.size(), looked_at); ++from) {
        must(peers[from].up > 0 && peers[from].down > 0);
        must(peers[from].arrives >= wire::Duration());
        for (std::size_t to = 0; to < std::min(peers.size(), looked_at); ++to) {
            must(latency_between(experiment, peers, from, to) >= wire::Duration());
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t count) {
    std::string_view const bytes(reinterpret_cast<char const*>(data), count);
    auto const end = std::min(bytes.find('\0'), bytes.size());
    std::string const named(bytes.substr(std::min(end + 1, bytes.size())));
    auto const files = [&](std::string const&, std::size_t most) -> Result<std::string> {
        return named.size() <= most ? Result<std::string>(named)
                                    : Result<std::string>(Error{Errc::usage, "too large"});
    };
    for (auto const where : {Where::sim, Where::live, Where::netns}) {
        auto const experiment = parse(bytes.substr(0, end), "x.toml", where, files);
        if (!experiment) {
            must(experiment.error().message.starts_with("x.toml:"));
            continue;
        }
        check_run(*experiment);
    }
    return 0;
}
