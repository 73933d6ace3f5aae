#pragma once

namespace xfsbus::peer::runtime {

/// While it is there, this thread runs a callback of a peer, whose threads may have to wait for it:
/// it must not wait for them.
class Callback {
  public:
    Callback() { ++depth(); }

    ~Callback() { --depth(); }

    Callback(Callback const&) = delete;
    Callback& operator=(Callback const&) = delete;

    [[nodiscard]] static bool runs_here() { return depth() > 0; }

  private:
    static int& depth() {
        thread_local int depth = 0;
        return depth;
    }
};

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
