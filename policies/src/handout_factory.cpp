#include "plugin_call.hpp"
#include "plugin_library.hpp"

#include <xfsbus/policies/host/handout_factory.hpp>

#include <utility>

namespace xfsbus::policies {
namespace {

/// A plug-in's object as a Handout; what the plug-in reports as failed is a PolicyFault. Without an
/// operation it is the default.
class PluginHandout final : public Handout {
  public:
    PluginHandout(::xfsbus_handout_operations operations, PolicyObject object)
        : operations_(operations), object_(std::move(object)) {}

    void rank(HandoutRequest const& request, std::span<HandoutSource const> sources,
              std::span<double> ranks) override {
        if (operations_.rank == nullptr) {
            return default_.rank(request, sources, ranks);
        }
        ReasonBuffer reason;
        auto const answer =
            operations_.rank(object_.get(), &request, sources.data(), sources.size(), ranks.data(),
                             reason.data(), reason.size());
        if (answer != XFSBUS_POLICY_OK) {
            throw_failure(answer, reason);
        }
    }

  private:
    ::xfsbus_handout_operations operations_;
    PolicyObject object_;
    Mixed default_;
};

}  // namespace

HandoutFactory::HandoutFactory(std::shared_ptr<PluginLibrary const> plugin)
    : plugin_(std::move(plugin)) {
    try_out(plugin_);
}

PluginInfo const& HandoutFactory::info() const {
    return plugin_->info();
}

std::unique_ptr<GuardedHandout> HandoutFactory::make(GuardOptions options) const {
    return std::make_unique<GuardedHandout>(
        info().name,
        [this] {
            auto const operations = plugin_->operations<::xfsbus_handout_operations>();
            return std::make_unique<PluginHandout>(operations, plugin_->create());
        },
        std::move(options));
}

std::shared_ptr<HandoutFactory const> load_handout(PluginSpec const& spec, PluginPath const& path,
                                                   std::shared_ptr<PolicyHost> const& host) {
    return std::make_shared<HandoutFactory const>(
        load_library(spec, path, XFSBUS_KIND_HANDOUT, host));
}

}  // namespace xfsbus::policies
