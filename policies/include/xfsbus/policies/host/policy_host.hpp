#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace xfsbus::policies {

class PluginServices;

/// What a program does for the policies that it loads, and where the states are that these share:
/// one for each peer. It lives as long as anything that was loaded with it. Any thread.
class PolicyHost {
  public:
    struct Options {
        /// Told of what a plug-in logs: its name and its line, in printable characters. Called by
        /// any thread, also after the owner of the policies is gone; must not throw.
        std::function<void(std::string_view plugin, std::string_view line)> log;
        /// A steady clock; the system's if there is none.
        std::function<std::chrono::nanoseconds()> clock;
        /// As this peer describes itself to others.
        std::string labels;
    };

    explicit PolicyHost(Options options = {});
    ~PolicyHost();
    PolicyHost(PolicyHost const&) = delete;
    PolicyHost& operator=(PolicyHost const&) = delete;

  private:
    friend class PluginServices;
    class States;

    Options options_;
    std::unique_ptr<States> states_;
};

}  // namespace xfsbus::policies
