#include "line_editor.hpp"

#include <editline/readline.h>

#include <cstdlib>
#include <cstring>
#include <utility>

#include <unistd.h>

namespace xfsbus::console {
namespace {

constexpr int history_most = 1000;

/// libedit's interface is global, so this is.
struct State {
    LineEditor::Options options;
    std::optional<std::string> line;
    bool end = false;
    std::vector<std::string> candidates;
};

State state;

void on_line(char* line) {
    // Editing pauses while the command runs, so that the terminal is its own.
    rl_callback_handler_remove();
    if (line == nullptr) {
        state.end = true;
        return;
    }
    state.line = line;
    if (*line != '\0') {
        add_history(line);
    }
    std::free(line);
}

char* next_candidate(char const*, int first) {
    static std::size_t at = 0;
    if (first == 0) {
        at = 0;
    }
    return at < state.candidates.size() ? ::strdup(state.candidates[at++].c_str()) : nullptr;
}

char** complete(char const* word, int start, int) {
    state.candidates.clear();
    if (state.options.complete) {
        std::string_view const before(rl_line_buffer, static_cast<std::size_t>(start));
        state.candidates = state.options.complete(before, word);
    }
    rl_attempted_completion_over = 1;  // no file names of the current directory
    return rl_completion_matches(word, next_candidate);
}

}  // namespace

LineEditor::LineEditor(Options options, Waker const& waker)
    : history_file_(options.history_file), waker_(waker) {
    state = State{std::move(options), std::nullopt, false, {}};
    static char program[] = "xfs-peer";
    rl_readline_name = program;
    rl_attempted_completion_function = complete;
    using_history();
    stifle_history(history_most);
    if (!history_file_.empty()) {
        read_history(history_file_.c_str());
    }
}

LineEditor::~LineEditor() {
    rl_callback_handler_remove();
    if (!history_file_.empty()) {
        write_history(history_file_.c_str());
    }
}

std::optional<std::string> LineEditor::next() {
    rl_callback_handler_install(state.options.prompt.c_str(), on_line);
    while (!state.line && !state.end) {
        auto const woken = waker_.wait_for_input();
        if (woken == Waker::Woken::input) {
            rl_callback_read_char();
            continue;
        }
        rl_callback_handler_remove();
        if (woken == Waker::Woken::ended) {
            return std::nullopt;
        }
        // What was typed so far is dropped.
        static_cast<void>(::write(STDOUT_FILENO, "\n", 1));
        rl_callback_handler_install(state.options.prompt.c_str(), on_line);
    }
    return std::exchange(state.line, std::nullopt);
}

}  // namespace xfsbus::console
