#pragma once

#include "catch.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace xfsbus::test {

/// Leaves this process so many descriptors, until the end of the scope.
class DescriptorShortage {
  public:
    explicit DescriptorShortage(std::size_t left) {
        REQUIRE(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
        rlimit const now{256, before_.rlim_max};
        REQUIRE(::setrlimit(RLIMIT_NOFILE, &now) == 0);
        for (int fd = ::open("/dev/null", O_RDONLY); fd >= 0; fd = ::open("/dev/null", O_RDONLY)) {
            taken_.push_back(fd);
        }
        REQUIRE(taken_.size() > left);
        for (; left > 0; --left) {
            ::close(taken_.back());
            taken_.pop_back();
        }
    }

    ~DescriptorShortage() {
        std::ranges::for_each(taken_, ::close);
        ::setrlimit(RLIMIT_NOFILE, &before_);
    }

    DescriptorShortage(DescriptorShortage const&) = delete;
    DescriptorShortage& operator=(DescriptorShortage const&) = delete;

  private:
    rlimit before_{};
    std::vector<int> taken_;
};

}  // namespace xfsbus::test
