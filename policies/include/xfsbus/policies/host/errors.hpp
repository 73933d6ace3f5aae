#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace xfsbus::policies {

/// A plug-in cannot be used. what() is complete: which file, exactly why, what to do about it.
class PluginRefused : public std::runtime_error {
  public:
    PluginRefused(std::string_view file, std::string_view reason, std::string_view advice)
        : std::runtime_error("plug-in '" + std::string(file) + "': " + std::string(reason) + "; " +
                             std::string(advice)) {}
};

/// A policy that was loaded failed at its work: where there is nothing to fall back to, or where
/// falling back is not wanted.
class PolicyFault : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

}  // namespace xfsbus::policies
