#include "run/plugins.hpp"

#include <chrono>

namespace xfsbus::lab::run {
namespace {

/// What a simulated peer lends to a policy.
std::shared_ptr<policies::PolicyHost> host_of(std::string const& labels) {
    policies::PolicyHost::Options options;
    options.clock = [] { return std::chrono::nanoseconds(0); };
    options.labels = labels;
    return std::make_shared<policies::PolicyHost>(std::move(options));
}

policies::GuardOptions strict() {
    policies::GuardOptions guard;
    guard.strict = true;
    return guard;
}

}  // namespace

Plugins::Plugins(policies::PluginPath path) : path_(std::move(path)) {}

template <class Factory, class Load>
Factory const& Plugins::loaded(Loaded<Factory>& known, std::string const& spec,
                               std::string const& labels, Load load) {
    auto& factory = known[{spec, labels}];
    if (!factory) {
        factory = load(policies::parse_plugin_spec(spec), path_, host_of(labels));
    }
    return *factory;
}

std::unique_ptr<policies::PeerSelector> Plugins::selector(std::string const& spec,
                                                          std::string const& labels,
                                                          std::uint64_t seed) {
    return loaded(selectors_, spec, labels, policies::load_peer_selector).make(seed, strict());
}

std::unique_ptr<policies::ChunkRanker> Plugins::chunk_order(std::string const& spec,
                                                            std::string const& labels) {
    return loaded(chunk_orders_, spec, labels, policies::load_chunk_order).make(strict());
}

std::unique_ptr<policies::UploadChoice> Plugins::upload_choice(std::string const& spec,
                                                               std::string const& labels) {
    return loaded(upload_choices_, spec, labels, policies::load_upload_choice).make(strict());
}

std::unique_ptr<policies::Handout> Plugins::handout(std::string const& spec) {
    return loaded(handouts_, spec, "", policies::load_handout).make(strict());
}

}  // namespace xfsbus::lab::run
