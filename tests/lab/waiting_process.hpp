#pragma once

#include "catch.hpp"

#include <csignal>
#include <functional>

#include <sys/wait.h>
#include <unistd.h>

namespace xfsbus::lab::test {

/// A process that does this, tells that it has, and waits for its end.
class WaitingProcess {
  public:
    explicit WaitingProcess(std::function<void()> const& what) {
        int ends[2];
        REQUIRE(::pipe(ends) == 0);
        pid_ = ::fork();
        if (pid_ == 0) {
            what();
            bool const told = ::write(ends[1], "x", 1) == 1;
            while (told) {
                ::pause();
            }
            ::_exit(1);
        }
        char told = 0;
        ::close(ends[1]);
        CHECK(::read(ends[0], &told, 1) == 1);
        ::close(ends[0]);
    }

    ~WaitingProcess() { kill(); }

    WaitingProcess(WaitingProcess const&) = delete;
    WaitingProcess& operator=(WaitingProcess const&) = delete;

    void kill() {
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
            pid_ = -1;
        }
    }

  private:
    pid_t pid_ = -1;
};

}  // namespace xfsbus::lab::test
