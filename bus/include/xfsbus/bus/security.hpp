#pragma once

namespace xfsbus::bus {

/// What protects a socket's connections; whoever binds or connects one has to say it. So far there
/// is one answer. A value: any thread.
class Security {
  public:
    /// Nothing: whoever can connect may, and whoever sits on the path reads and changes what
    /// passes.
    static Security none() { return {}; }

  private:
    Security() = default;
};

}  // namespace xfsbus::bus
