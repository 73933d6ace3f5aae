#pragma once

#include "printable.hpp"

#include <xfsbus/policies/abi.h>
#include <xfsbus/policies/host/errors.hpp>
#include <xfsbus/policies/rng.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>

namespace xfsbus::policies {

/// Where a plug-in writes why it failed.
class ReasonBuffer {
  public:
    char* data() { return text_.data(); }

    [[nodiscard]] std::size_t size() const { return text_.size(); }

    /// What was written; the plug-in may have forgotten the NUL, or everything.
    [[nodiscard]] std::string text() {
        text_.back() = '\0';
        return text_.front() == '\0' ? "no reason given" : printable(text_.data());
    }

  private:
    std::array<char, 512> text_{};
};

/// A generator as plug-ins call it. Valid as long as the generator is.
inline ::xfsbus_random random_of(Rng& rng) {
    return {.state = &rng, .next = [](void* state) { return (*static_cast<Rng*>(state))(); }};
}

/// Calls a function of a plug-in. No exception may cross the boundary; one that does all the same
/// becomes a PolicyFault.
template <class Call>
auto call_plugin(Call const& call) -> decltype(call()) {
    try {
        return call();
    } catch (std::exception const& e) {
        throw PolicyFault("an exception left the plug-in: " + printable(e.what()));
    } catch (...) {
        throw PolicyFault("an unknown exception left the plug-in");
    }
}

/// What an operation that did not succeed answered, as a PolicyFault.
[[noreturn]] inline void throw_failure(std::int64_t answer, ReasonBuffer& reason) {
    if (answer == XFSBUS_POLICY_FAILED) {
        throw PolicyFault(reason.text());
    }
    throw PolicyFault("answered " + std::to_string(answer) + ", which means nothing");
}

}  // namespace xfsbus::policies
