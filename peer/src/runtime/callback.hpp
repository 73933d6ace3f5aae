#pragma once

#include <xfsbus/policies/host/call_mark.hpp>

#include <memory>
#include <utility>

namespace xfsbus::peer::runtime {

/// While it is there, this thread runs a callback of a peer, whose threads may have to wait for it:
/// it must not wait for them. A call of a policy is one, too.
class Callback {
  public:
    Callback() { ++depth(); }

    ~Callback() { --depth(); }

    Callback(Callback const&) = delete;
    Callback& operator=(Callback const&) = delete;

    [[nodiscard]] static bool runs_here() {
        return depth() > 0 || policies::CallMark::of_this_thread() != nullptr;
    }

  private:
    static int& depth() {
        thread_local int depth = 0;
        return depth;
    }
};

/// Something of the program's that is let go of as a callback does. An owner may point to nothing,
/// and be told all the same.
template <typename T>
std::shared_ptr<T> as_callback(std::shared_ptr<T> owner) {
    auto* const raw = owner.get();
    return {raw, [owner = std::move(owner)](void const*) mutable {
                Callback const here;
                owner.reset();
            }};
}

/// A callback of the program's, of whatever it does the peer takes no harm.
template <typename Call>
void call_back(Call call) {
    Callback const here;
    try {
        call();
    } catch (...) {  // NOLINT(bugprone-empty-catch): it is the program's, which knows of it
    }
}

}  // namespace xfsbus::peer::runtime
