#pragma once

#include "waker.hpp"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace xfsbus::console {

/// Lines typed at a terminal, with editing, history and completion (libedit). There can be one at
/// a time; main thread.
class LineEditor {
  public:
    struct Options {
        std::string prompt;
        std::filesystem::path history_file;  ///< empty: none is kept
        /// Candidates for the word that begins with `word`, in a line that has `before` before it.
        std::function<std::vector<std::string>(std::string_view before, std::string_view word)>
            complete;
    };

    LineEditor(Options options, Waker const& waker);
    ~LineEditor();
    LineEditor(LineEditor const&) = delete;
    LineEditor& operator=(LineEditor const&) = delete;

    /// The next line without its end; nullopt at the end of the input, or when woken. Nudged, it
    /// begins a new one.
    std::optional<std::string> next();

  private:
    std::filesystem::path history_file_;
    Waker const& waker_;
};

}  // namespace xfsbus::console
