#pragma once

#include "waker.hpp"

#include <optional>
#include <string>

namespace xfsbus::console {

/// The lines of a stdin that is no terminal.
class PipedLines {
  public:
    explicit PipedLines(Waker const& waker) : waker_(waker) {}

    /// The next line without its end; nullopt at the end of the input, or when woken.
    std::optional<std::string> next();

  private:
    Waker const& waker_;
    std::string buffer_;
    bool end_ = false;
};

}  // namespace xfsbus::console
