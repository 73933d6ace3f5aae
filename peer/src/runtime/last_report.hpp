#pragma once

#include <mutex>
#include <string>
#include <string_view>

namespace xfsbus::peer::runtime {

/// What was last reported of a policy, whose objects are on several threads. Any thread.
class LastReport {
  public:
    void set(std::string_view text) {
        std::lock_guard const lock(mutex_);
        text_ = text;
    }

    [[nodiscard]] std::string get() const {
        std::lock_guard const lock(mutex_);
        return text_;
    }

  private:
    mutable std::mutex mutex_;
    std::string text_;
};

}  // namespace xfsbus::peer::runtime
