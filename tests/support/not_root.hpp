#pragma once

#include <sys/fsuid.h>
#include <unistd.h>

namespace xfsbus::test {

/// Until the end of the scope this thread, and those that it starts, may do with files what anybody
/// may, also if the tests are run by root, for whom everything is readable. What is made meanwhile
/// belongs to nobody.
class NotRoot {
  public:
    NotRoot() {
        if (::geteuid() == 0) {
            ::setfsuid(nobody);
        }
    }

    ~NotRoot() {
        if (::geteuid() == 0) {
            ::setfsuid(0);
        }
    }

    NotRoot(NotRoot const&) = delete;
    NotRoot& operator=(NotRoot const&) = delete;

  private:
    static constexpr uid_t nobody = 65534;
};

}  // namespace xfsbus::test
