#pragma once

#include "run/processes.hpp"

#include <xfsbus/files/fd.hpp>

#include <chrono>
#include <functional>
#include <string>

#include <sys/types.h>

namespace xfsbus::lab::run {

/// A job's process, as its parent has it. Killed when this object goes.
class Child {
  public:
    using Clock = std::chrono::steady_clock;

    /// Throws std::system_error if there are no processes or descriptors left.
    Child(Job const& job, Limits const& limits,
          std::function<results::Run(Job const&)> const& work);
    ~Child();
    Child(Child const&) = delete;
    Child& operator=(Child const&) = delete;

    /// Readable when it has something to say, or is gone.
    [[nodiscard]] int descriptor() const { return pipe_.get(); }

    [[nodiscard]] Clock::time_point deadline() const { return deadline_; }

    /// Takes what it says; false: it has ended.
    bool read();
    /// It has had its time; outcome() is to follow.
    void stop();
    /// What came of it, which is its end.
    results::Outcome outcome();

  private:
    [[nodiscard]] std::string why(int status) const;

    Job job_;
    Limits limits_;
    pid_t pid_ = -1;
    files::Fd pipe_;
    Clock::time_point begin_;
    Clock::time_point deadline_;
    bool too_long_ = false;
    bool too_much_ = false;
    std::string said_;
};

}  // namespace xfsbus::lab::run
