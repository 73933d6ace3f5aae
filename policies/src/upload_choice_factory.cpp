#include "plugin_call.hpp"
#include "plugin_library.hpp"

#include <xfsbus/policies/host/upload_choice_factory.hpp>

#include <utility>

namespace xfsbus::policies {
namespace {

/// A plug-in's object as a UploadChoice; what the plug-in reports as failed is a PolicyFault.
/// Without an operation it is the default.
class PluginUploadChoice final : public UploadChoice {
  public:
    PluginUploadChoice(::xfsbus_upload_choice_operations operations, PolicyObject object)
        : operations_(operations), object_(std::move(object)) {}

    void rank(UploadRequest const& request, std::span<UploadSinkView const> sinks,
              std::span<double> ranks) override {
        if (operations_.rank == nullptr) {
            return default_.rank(request, sinks, ranks);
        }
        ReasonBuffer reason;
        auto const answer = operations_.rank(object_.get(), &request, sinks.data(), sinks.size(),
                                             ranks.data(), reason.data(), reason.size());
        if (answer != XFSBUS_POLICY_OK) {
            throw_failure(answer, reason);
        }
    }

  private:
    ::xfsbus_upload_choice_operations operations_;
    PolicyObject object_;
    Fair default_;
};

}  // namespace

UploadChoiceFactory::UploadChoiceFactory(std::shared_ptr<PluginLibrary const> plugin)
    : plugin_(std::move(plugin)) {
    try_out(plugin_);
}

PluginInfo const& UploadChoiceFactory::info() const {
    return plugin_->info();
}

std::unique_ptr<GuardedUploadChoice> UploadChoiceFactory::make(GuardOptions options) const {
    return std::make_unique<GuardedUploadChoice>(
        info().name,
        [this] {
            auto const operations = plugin_->operations<::xfsbus_upload_choice_operations>();
            return std::make_unique<PluginUploadChoice>(operations, plugin_->create());
        },
        std::move(options));
}

std::shared_ptr<UploadChoiceFactory const> load_upload_choice(
    PluginSpec const& spec, PluginPath const& path, std::shared_ptr<PolicyHost> const& host) {
    return std::make_shared<UploadChoiceFactory const>(
        load_library(spec, path, XFSBUS_KIND_UPLOAD_CHOICE, host));
}

}  // namespace xfsbus::policies
