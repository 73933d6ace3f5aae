#include "plugin_call.hpp"
#include "plugin_library.hpp"

#include <xfsbus/policies/host/selector_factory.hpp>
#include <xfsbus/policies/load_latency.hpp>

#include <algorithm>
#include <utility>

namespace xfsbus::policies {
namespace {

/// A plug-in's object as a PeerSelector; what the plug-in reports as failed is a PolicyFault. The
/// default answers what the plug-in does not know.
class PluginSelector final : public PeerSelector {
  public:
    PluginSelector(::xfsbus_peer_selector_operations operations, PolicyObject object)
        : operations_(operations), object_(std::move(object)), decides_(asked_decides()) {}

    std::optional<std::size_t> pick(RequestView const& request, std::span<SourceView const> sources,
                                    Rng& rng) override {
        if (operations_.pick == nullptr || request.purpose >= operations_.purposes) {
            return default_.pick(request, sources, rng);
        }
        auto random = random_of(rng);
        ReasonBuffer reason;
        auto const answer = operations_.pick(object_.get(), &request, sources.data(),
                                             sources.size(), &random, reason.data(), reason.size());
        if (answer >= 0) {
            return static_cast<std::size_t>(answer);
        }
        check(answer, reason);
        return std::nullopt;
    }

    [[nodiscard]] std::uint32_t decides() const override { return decides_; }

    Answer decide(RequestView const& request, std::span<SourceView const> sources,
                  Rng& rng) override {
        auto random = random_of(rng);
        ReasonBuffer reason;
        Answer decided{};
        auto const answer =
            operations_.decide(object_.get(), &request, sources.data(), sources.size(), &decided,
                               &random, reason.data(), reason.size());
        if (answer != XFSBUS_POLICY_OK) {
            throw_failure(answer, reason);
        }
        return decided;
    }

    std::optional<double> cost(SourceView const& source) override {
        if (operations_.cost == nullptr) {
            return std::nullopt;
        }
        ReasonBuffer reason;
        double value = 0.0;
        auto const answer =
            operations_.cost(object_.get(), &source, &value, reason.data(), reason.size());
        if (answer == XFSBUS_POLICY_OK) {
            return value;
        }
        check(answer, reason);
        return std::nullopt;
    }

    void observe(SourceView const& source, OutcomeView const& outcome) override {
        if (operations_.observe == nullptr) {
            return;
        }
        ReasonBuffer reason;
        auto const answer =
            operations_.observe(object_.get(), &source, &outcome, reason.data(), reason.size());
        if (answer != XFSBUS_POLICY_OK) {
            check(answer, reason);
        }
    }

  private:
    /// Nothing that is newer than the plug-in.
    [[nodiscard]] std::uint32_t asked_decides() const {
        if (operations_.decide == nullptr) {
            return 0;
        }
        auto const all = ~questions({XFSBUS_PURPOSE_RANK});
        auto const known = (1U << std::min(operations_.purposes, XFSBUS_PURPOSES)) - 1;
        return known & (operations_.decides != nullptr ? operations_.decides(object_.get()) : all);
    }

    static void check(std::int64_t answer, ReasonBuffer& reason) {
        if (answer != XFSBUS_POLICY_NONE) {
            throw_failure(answer, reason);
        }
    }

    ::xfsbus_peer_selector_operations operations_;
    PolicyObject object_;
    std::uint32_t decides_;
    LoadLatency default_;
};

SelectorFactory::Make maker_of(std::shared_ptr<PluginLibrary const> plugin) {
    return [plugin = std::move(plugin)] {
        auto const operations = plugin->operations<::xfsbus_peer_selector_operations>();
        return std::make_unique<PluginSelector>(operations, plugin->create());
    };
}

}  // namespace

SelectorFactory::SelectorFactory(std::shared_ptr<PluginLibrary const> plugin)
    : info_(plugin->info()), make_(maker_of(plugin)), plugin_(std::move(plugin)) {
    try_out(plugin_);
}

std::shared_ptr<SelectorFactory const> SelectorFactory::for_host(
    std::shared_ptr<PolicyHost> host) const {
    auto other = std::make_shared<SelectorFactory>(*this);
    if (plugin_) {
        other->plugin_ = plugin_->for_host(std::move(host));
        other->make_ = maker_of(other->plugin_);
    }
    return other;
}

std::unique_ptr<GuardedSelector> SelectorFactory::make(std::uint64_t seed,
                                                       GuardOptions options) const {
    options.file = info_.path.filename();
    return std::make_unique<GuardedSelector>(info_.name, make_, seed, std::move(options));
}

std::shared_ptr<SelectorFactory const> load_peer_selector(PluginSpec const& spec,
                                                          PluginPath const& path,
                                                          std::shared_ptr<PolicyHost> const& host) {
    return std::make_shared<SelectorFactory const>(
        load_library(spec, path, XFSBUS_KIND_PEER_SELECTION, host));
}

}  // namespace xfsbus::policies
