#pragma once

#include "net/executor.hpp"
#include "virtual_time.hpp"

#include <cstdint>
#include <utility>

namespace xfsbus::peer::jobs::test {

/// Does the work in a turn of its own, and what is to be done then in another.
class FakeExecutor final : public net::Executor {
  public:
    explicit FakeExecutor(VirtualTime& time) : time_(time) {}

    void submit(std::uint64_t /*bytes*/, Job job) override {
        time_.post([this, job = std::move(job)] { time_.post(job()); });
    }

  private:
    VirtualTime& time_;
};

}  // namespace xfsbus::peer::jobs::test
