#pragma once

#include "plugin_library.hpp"

#include <xfsbus/policies/host/call_guard.hpp>
#include <xfsbus/policies/host/contract.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace xfsbus::policies {

/// Loads the plug-in that is tried, each time with a host of its own, so that what it shares is
/// not shared between two loadings.
using LoadPlugin = std::function<std::shared_ptr<PluginLibrary const>()>;

/// Fill in all but what plugin is. Throw PluginRefused.
[[nodiscard]] ContractTrial try_selection(LoadPlugin const& load);
[[nodiscard]] ContractTrial try_chunk_order(LoadPlugin const& load);
[[nodiscard]] ContractTrial try_handout(LoadPlugin const& load);
[[nodiscard]] ContractTrial try_integrity(LoadPlugin const& load);
[[nodiscard]] ContractTrial try_upload_choice(LoadPlugin const& load);

/// What this thread has used of a processor.
[[nodiscard]] std::chrono::nanoseconds time_of_this_thread();

/// The first thing that a guard had to say of a plug-in.
class FirstComplaint {
  public:
    /// For one object; the complaint is to outlive it.
    [[nodiscard]] GuardOptions guard() {
        GuardOptions options;
        // Questions come here as fast as they are answered.
        options.budget_a_second = std::chrono::hours(1);
        // What others do on the machine meanwhile is no fault of the plug-in.
        options.clock = [] { return time_of_this_thread(); };
        options.report = [this](std::string_view text) {
            if (text_.empty()) {
                text_ = text;
            }
        };
        return options;
    }

    [[nodiscard]] std::string const& text() const { return text_; }

  private:
    std::string text_;
};

/// "N of M differed", or nothing if none did.
[[nodiscard]] inline std::string differed(std::uint64_t differences, std::uint64_t all) {
    return differences == 0 ? std::string()
                            : std::to_string(differences) + " of " + std::to_string(all) +
                                  " differed: take what is random from the host's generator, and"
                                  " no time but the host's";
}

}  // namespace xfsbus::policies
