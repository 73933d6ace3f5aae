#pragma once

#include <utility>

#include <unistd.h>

namespace xfsbus::files {

/// Owns a file descriptor.
class Fd {
  public:
    Fd() = default;

    explicit Fd(int fd) : fd_(fd) {}

    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

    Fd& operator=(Fd&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }

    Fd(Fd const&) = delete;
    Fd& operator=(Fd const&) = delete;

    ~Fd() {
        if (fd_ >= 0) {
            close(fd_);
        }
    }

    [[nodiscard]] int get() const { return fd_; }

    /// Gives it up to who calls.
    [[nodiscard]] int release() { return std::exchange(fd_, -1); }

    explicit operator bool() const { return fd_ >= 0; }

  private:
    /// By itself, so that tests/support/tsan.supp can name it and nothing else.
    static void close(int fd) { ::close(fd); }

    int fd_ = -1;
};

}  // namespace xfsbus::files
