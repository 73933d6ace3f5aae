#include "plugin_services.hpp"

#include "plugin_call.hpp"
#include "printable.hpp"

#include <utility>

namespace xfsbus::policies {
namespace {

/// A file is known by its bytes; of the program's own there is one of each kind.
std::string const& key_of(PluginInfo const& plugin) {
    return plugin.path.empty() ? plugin.kind : plugin.hash;
}

}  // namespace

SharedState::~SharedState() {
    if (state_ != nullptr && destroy_ != nullptr) {
        try {
            call_plugin([this] { destroy_(state_); });
        } catch (PolicyFault const&) {  // nobody is left to be told
        }
    }
}

void* SharedState::get(void* (*make)(), void (*destroy)(void*)) noexcept {
    std::scoped_lock const lock(mutex_);
    if (state_ == nullptr) {
        try {
            state_ = call_plugin(make);
            destroy_ = destroy;
        } catch (PolicyFault const&) {  // the plug-in asked, and is told: null
        }
    }
    return state_;
}

SharedState& PolicyHost::States::of(std::string const& plugin) {
    std::scoped_lock const lock(mutex_);
    return states_[plugin];
}

PolicyHost::PolicyHost(Options options)
    : options_(std::move(options)), states_(std::make_unique<States>()) {}

PolicyHost::~PolicyHost() = default;

PluginServices::PluginServices(std::shared_ptr<PolicyHost> host, PluginInfo const& plugin,
                               std::shared_ptr<void> context)
    : context_(std::move(context)),
      host_(std::move(host)),
      name_(plugin.name),
      file_(plugin.path.filename()),
      state_(host_->states_->of(key_of(plugin))),
      lent_{.host = this,
            .log = &log,
            .now_us = &now_us,
            .shared = &shared,
            .labels = host_->options_.labels.c_str(),
            .context = context_.get()} {}

void PluginServices::log(void* self, char const* text) noexcept {
    auto const& services = *static_cast<PluginServices*>(self);
    if (auto const& log = services.host_->options_.log) {
        log(services.name_, printable(text));
    }
}

std::uint64_t PluginServices::now_us(void* self) noexcept {
    auto const& clock = static_cast<PluginServices*>(self)->host_->options_.clock;
    std::chrono::nanoseconds const now =
        clock ? clock() : std::chrono::steady_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

void* PluginServices::shared(void* self, void* (*make)(), void (*destroy)(void*)) noexcept {
    return static_cast<PluginServices*>(self)->state_.get(make, destroy);
}

}  // namespace xfsbus::policies
