#pragma once

#include <xfsbus/policies/abi.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>

namespace xfsbus::policies {

/// What the host does for a policy, which gets this when it is made and may keep a copy for its own
/// life. Any thread.
class Services {
  public:
    explicit Services(::xfsbus_services const& lent) : lent_(&lent) {}

    /// A line for the program's log, under the plug-in's name. For what happens seldom.
    void log(std::string const& text) const { lent_->log(lent_->host, text.c_str()); }

    /// A steady clock, the one of RequestView::now_us.
    [[nodiscard]] std::chrono::microseconds now() const {
        return std::chrono::microseconds(lent_->now_us(lent_->host));
    }

    /// "key=value,..." as this peer describes itself to others, or "".
    [[nodiscard]] std::string_view labels() const { return lent_->labels; }

    /// The state that all objects of this plug-in share in this peer, for as long as it runs: so
    /// what one download has learned is there for the next. Made when it is first asked for, from
    /// nothing. A plug-in has one, so State is the same class always. Several threads may use it
    /// at once: it needs a mutex of its own. Throws std::runtime_error if it cannot be made.
    template <class State>
    [[nodiscard]] State& shared() const {
        auto const make = []() noexcept -> void* {
            try {
                return new State();
            } catch (...) {
                return nullptr;
            }
        };
        auto const destroy = [](void* state) noexcept { delete static_cast<State*>(state); };
        void* const state = lent_->shared(lent_->host, make, destroy);
        if (state == nullptr) {
            throw std::runtime_error("the shared state cannot be made");
        }
        return *static_cast<State*>(state);
    }

  private:
    ::xfsbus_services const* lent_;
};

}  // namespace xfsbus::policies
