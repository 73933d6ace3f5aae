#pragma once

#include <xfsbus/policies/host/errors.hpp>

#include <string>
#include <string_view>

namespace xfsbus::test {

/// Why a call was refused; "not refused" if it was not.
template <class Call>
std::string refusal(Call call) {
    try {
        static_cast<void>(call());
    } catch (policies::PluginRefused const& refused) {
        return refused.what();
    }
    return "not refused";
}

/// What a policy is blamed for in a call; "no fault" if for nothing.
template <class Call>
std::string fault(Call call) {
    try {
        call();
    } catch (policies::PolicyFault const& e) {
        return e.what();
    }
    return "no fault";
}

inline bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

}  // namespace xfsbus::test
