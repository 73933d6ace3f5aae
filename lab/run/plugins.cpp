#include "run/plugins.hpp"

#include <xfsbus/policies/host/decision_recorder.hpp>

#include <utility>

namespace xfsbus::lab::run {
namespace {

policies::GuardOptions strict() {
    policies::GuardOptions guard;
    guard.strict = true;
    return guard;
}

/// The same with a clock, by which nothing is too slow.
policies::GuardOptions timed(std::shared_ptr<policies::DecisionRecorder> recorder) {
    auto guard = strict();
    guard.clock = [] { return std::chrono::steady_clock::now().time_since_epoch(); };
    guard.budget = guard.budget_a_second = guard.create_budget = guard.hang_limit =
        std::chrono::nanoseconds::max();
    guard.recorder = std::move(recorder);
    return guard;
}

}  // namespace

class Plugins::Counter final : public policies::DecisionRecorder {
  public:
    void on_decision(policies::Decision const& decision) override {
        ++made_;
        spent_ += decision.cost;
    }

    void on_outcome(policies::SourceView const&, policies::OutcomeView const&) override {}

    [[nodiscard]] results::Decisions decisions() const {
        return {made_, std::chrono::duration<double>(spent_).count()};
    }

  private:
    std::uint64_t made_ = 0;
    std::chrono::nanoseconds spent_{};
};

Plugins::Plugins(policies::PluginPath path, Clock clock)
    : path_(std::move(path)), clock_(std::move(clock)), counter_(std::make_shared<Counter>()) {}

results::Decisions Plugins::decisions() const {
    return counter_->decisions();
}

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
    return of_peer(selectors_, spec, labels, policies::load_peer_selector)
        ->make(seed, timed(counter_));
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
