#include "run/plugins.hpp"

#include <utility>

namespace xfsbus::lab::run {
namespace {

policies::GuardOptions strict() {
    policies::GuardOptions guard;
    guard.strict = true;
    return guard;
}

}  // namespace

Plugins::Plugins(policies::PluginPath path, Clock clock)
    : path_(std::move(path)), clock_(std::move(clock)) {}

std::shared_ptr<policies::PolicyHost> Plugins::host_of(std::string const& labels) const {
    policies::PolicyHost::Options options;
    options.clock = clock_;
    options.labels = labels;
    return std::make_shared<policies::PolicyHost>(std::move(options));
}

template <class Factory, class Load>
std::shared_ptr<Factory const> Plugins::of_peer(Loaded<Factory>& known, std::string const& spec,
                                                std::string const& labels, Load load) {
    auto const host = host_of(labels);
    auto& factory = known[spec];
    if (!factory) {
        factory = load(policies::parse_plugin_spec(spec), path_, host);
    }
    return factory->for_host(host);
}

std::unique_ptr<policies::PeerSelector> Plugins::selector(std::string const& spec,
                                                          std::string const& labels,
                                                          std::uint64_t seed) {
    return of_peer(selectors_, spec, labels, policies::load_peer_selector)->make(seed, strict());
}

std::unique_ptr<policies::ChunkRanker> Plugins::chunk_order(std::string const& spec,
                                                            std::string const& labels) {
    return of_peer(chunk_orders_, spec, labels, policies::load_chunk_order)->make(strict());
}

std::unique_ptr<policies::UploadChoice> Plugins::upload_choice(std::string const& spec,
                                                               std::string const& labels) {
    return of_peer(upload_choices_, spec, labels, policies::load_upload_choice)->make(strict());
}

std::unique_ptr<policies::Handout> Plugins::handout(std::string const& spec) {
    return of_peer(handouts_, spec, "", policies::load_handout)->make(strict());
}

}  // namespace xfsbus::lab::run
