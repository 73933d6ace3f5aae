#pragma once

#include <xfsbus/policies/abi.h>
#include <xfsbus/policies/host/errors.hpp>
#include <xfsbus/policies/rng.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
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
        return text_.front() == '\0' ? "no reason given" : text_.data();
    }

  private:
    std::array<char, 512> text_{};
};

/// A generator as plug-ins call it. Valid as long as the generator is.
inline ::xfs_random random_of(Rng& rng) {
    return {&rng, [](void* state) { return (*static_cast<Rng*>(state))(); }};
}

/// What an operation that did not succeed answered, as a PolicyFault.
[[noreturn]] inline void throw_failure(std::int64_t answer, ReasonBuffer& reason) {
    if (answer == XFS_POLICY_FAILED) {
        throw PolicyFault(reason.text());
    }
    throw PolicyFault("answered " + std::to_string(answer) + ", which means nothing");
}

}  // namespace xfsbus::policies
